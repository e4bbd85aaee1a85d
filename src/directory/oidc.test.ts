import { createHmac } from 'node:crypto'
import * as jose from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HostileProvider, openHostileProvider } from '../../test/hostile-provider.ts'
import { type OidcClient, openOidc } from './oidc.ts'
import { OidcDenied, OidcWrong } from './oidc-fault.ts'
import { SourceAway } from './source.ts'

let idp: HostileProvider
let client: OidcClient
const quick = { timeoutMs: 1_000, keyCooldownMs: 0, failureMs: 0 }
const redirectUri = 'http://127.0.0.1/web/oidc/bad/callback'
const asked = { redirectUri, state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43) }

beforeAll(async () => {
  idp = await openHostileProvider()
  client = openOidc(idp.config(), quick)
})
afterAll(() => idp.close())

async function finishWith(idToken: unknown, answer = `code=c&state=${asked.state}`, by = client) {
  idp.token = { status: 200, body: { access_token: 'a', token_type: 'Bearer', id_token: idToken } }
  return by.finish(answer, asked)
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const seconds = () => Math.floor(Date.now() / 1_000)

test('[OI4] a good token is taken, with its verifier shown: what is refused below is refused for its one fault', async () => {
  const vouch = await finishWith(await idp.sign({ nonce: asked.nonce, sid: 'x', preferred_username: 'alice' }))
  expect(vouch).toMatchObject({ identity: { subject: 'alice', userName: 'alice' }, sid: 'x' })
  expect(idp.sent.get('code_verifier')).toBe(asked.verifier)
  expect(idp.sent.get('redirect_uri')).toBe(redirectUri)
  // Our clock and theirs may differ a little.
  for (const [shift, more] of [
    [-320, {}],
    [25, {}],
    [0, { nbf: seconds() + 20 }],
  ] as const)
    await finishWith(
      await idp.sign({ nonce: asked.nonce, iat: seconds() + shift, exp: seconds() + shift + 300, ...more }),
    )
})

test('[OI4] a token of another issuer, for another audience, with another nonce, at another time, without a subject is refused', async () => {
  const now = seconds()
  for (const [claims, reason] of [
    [{ iss: 'https://evil.example' }, /iss/],
    [{ iss: undefined }, /iss/],
    [{ aud: 'another' }, /aud/],
    [{ aud: ['another', 'third'] }, /aud/],
    [{ aud: undefined }, /aud/],
    [{ aud: ['pchat', 'another'] }, /aud/],
    [{ aud: ['pchat', 'another'], azp: 'another' }, /aud|azp/],
    [{ azp: 'another' }, /azp/],
    [{ nonce: 'another' }, /nonce/],
    [{ nonce: undefined }, /nonce/],
    [{ exp: now - 60 }, /exp/],
    [{ exp: undefined }, /exp/],
    [{ iat: now + 600, exp: now + 900 }, /iat/],
    [{ iat: now - 3_600 }, /iat/],
    [{ iat: undefined }, /iat/],
    [{ nbf: now + 600 }, /nbf/],
    [{ sub: undefined }, /sub/],
    [{ sub: '' }, /sub/],
    [{ sub: 'x'.repeat(300) }, /subject/],
    [{ sub: 7 }, /sub/],
    [{ sub: 'a\u0000' }, /subject/],
    [{ sub: 'a\ud800' }, /subject/],
    [{ sid: { a: 1 } }, /sid/],
    [{ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, /logout/],
  ] as const) {
    const refused = await finishWith(await idp.sign({ nonce: asked.nonce, ...claims })).catch((error: Error) => error)
    expect(refused, JSON.stringify(claims)).toBeInstanceOf(OidcWrong)
    expect((refused as Error).message, JSON.stringify(claims)).toMatch(reason)
  }
})

test('[OI4] a token that is not signed by a key of the provider is refused: none, HS256 with the public key, another key, changed claims', async () => {
  const claims = {
    iss: idp.issuer,
    aud: 'pchat',
    sub: 'admin',
    nonce: asked.nonce,
    iat: seconds(),
    exp: seconds() + 300,
  }
  const spki = await jose.exportSPKI(idp.publicKey)
  const forged = (secret: string, header: object) => {
    const body = `${encode(header)}.${encode(claims)}`
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`
  }
  const { privateKey: foreign } = await jose.generateKeyPair('RS256')
  const { privateKey: ec } = await jose.generateKeyPair('ES256')
  const good = await idp.sign({ nonce: asked.nonce })
  const [head, , signature] = good.split('.')
  const { publicKey } = await jose.generateKeyPair('RS256', { extractable: true })
  for (const [what, token] of [
    ['none', `${encode({ alg: 'none' })}.${encode(claims)}.`],
    ['None', `${encode({ alg: 'None' })}.${encode(claims)}.`],
    ['HS256 with the public key', forged(spki, { alg: 'HS256', kid: 'one' })],
    ['HS256 with the key as JSON', forged(JSON.stringify(idp.jwks.keys[0]), { alg: 'HS256' })],
    ['another key under its name', await idp.sign({ nonce: asked.nonce }, {}, foreign)],
    ['another kind of key', await idp.sign({ nonce: asked.nonce }, { alg: 'ES256' }, ec)],
    ['an unknown key', await idp.sign({ nonce: asked.nonce }, { kid: 'two' }, foreign)],
    [
      'a key that it brings along',
      await idp.sign({ nonce: asked.nonce }, { jwk: await jose.exportJWK(publicKey) }, foreign),
    ],
    ['changed claims', `${head}.${encode(claims)}.${signature}`],
    ['no signature', `${head}.${encode(claims)}.`],
    ['no token', 'abc'],
    ['nothing', undefined],
    ['a number', 7],
    ['a huge one', `${head}.${'A'.repeat(200_000)}.${signature}`],
    ['another type', await idp.sign({ nonce: asked.nonce }, { typ: 'at+jwt' })],
  ] as const)
    await expect(finishWith(token), what).rejects.toBeInstanceOf(OidcWrong)
})

test('[OI4] an answer with another state, of another issuer (mix-up), with two codes, or an error is refused', async () => {
  const good = await idp.sign({ nonce: asked.nonce })
  for (const answer of [
    'code=c&state=another',
    'code=c',
    `state=${asked.state}`,
    `code=c&state=${asked.state}&iss=https://evil.example`,
    `code=c&code=d&state=${asked.state}`,
    `response=x&state=${asked.state}`,
    `id_token=${good}&state=${asked.state}`,
  ])
    await expect(finishWith(good, answer), answer).rejects.toBeInstanceOf(OidcWrong)
  await expect(finishWith(good, `error=access_denied&state=${asked.state}`)).rejects.toMatchObject({
    name: 'OidcDenied',
    error: 'access_denied',
    ended: false,
  })
  idp.token = { status: 400, body: { error: 'invalid_grant', error_description: '<script>' } }
  const used = await client.finish(`code=c&state=${asked.state}`, asked).catch((error: Error) => error)
  expect(used).toBeInstanceOf(OidcDenied)
  expect(used).toMatchObject({ ended: true })
  expect((used as Error).message).not.toContain('<script>')
})

test('[OI8] a provider whose description is not its own, is not whole, or leads elsewhere is away', async () => {
  for (const metadata of [
    { issuer: 'https://evil.example' },
    { issuer: undefined },
    { jwks_uri: undefined },
    { token_endpoint: undefined },
  ]) {
    idp.metadata = metadata
    const fresh = openOidc(idp.config(), quick)
    const token = await idp.sign({ nonce: asked.nonce })
    await expect(finishWith(token, undefined, fresh), JSON.stringify(metadata)).rejects.toBeInstanceOf(SourceAway)
  }
  idp.metadata = {}
  // Our own registration that does not hold is nothing that the user did.
  idp.token = { status: 401, body: { error: 'invalid_client' } }
  await expect(client.finish(`code=c&state=${asked.state}`, asked)).rejects.toBeInstanceOf(SourceAway)
})

test('[OI4] what userinfo says counts only for the subject of the token, and after the token', async () => {
  idp.metadata = { userinfo_endpoint: `${idp.issuer}/userinfo` }
  const fresh = openOidc(idp.config({ claims: { groups: 'groups' } }), quick)
  const token = await idp.sign({ nonce: asked.nonce, name: 'From the token' })
  idp.userinfo = { sub: 'alice', name: 'From userinfo', preferred_username: 'ally', groups: ['a'] }
  expect((await finishWith(token, undefined, fresh)).identity).toEqual({
    subject: 'alice',
    userName: 'ally',
    displayName: 'From the token',
    email: undefined,
    groups: ['a'],
  })
  idp.userinfo = { sub: 'root', preferred_username: 'root' }
  await expect(finishWith(token, undefined, fresh)).rejects.toBeInstanceOf(OidcWrong)
  idp.metadata = {}
})

test('[OI9] a renewed token of another user does not count', async () => {
  idp.token = {
    status: 200,
    body: { access_token: 'a', token_type: 'Bearer', id_token: await idp.sign({ sub: 'root' }) },
  }
  await expect(client.renew('r', 'alice')).rejects.toBeInstanceOf(OidcWrong)
  idp.token.body = { access_token: 'a', token_type: 'Bearer' }
  expect(await client.renew('r', 'alice')).toEqual({ identity: undefined, refreshToken: undefined })
})

test('[OI10] a logout token needs its event, a jti, a user or a session, no nonce, and all that a token needs', async () => {
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const good = { events, jti: 'one', sid: 'x', sub: undefined }
  expect(await client.readLogout(await idp.sign(good, { typ: 'logout+jwt' }))).toMatchObject({ sid: 'x', jti: 'one' })
  expect(await client.readLogout(await idp.sign({ events, jti: 'two' }))).toMatchObject({ subject: 'alice' })
  const { privateKey: foreign } = await jose.generateKeyPair('RS256')
  for (const [what, token] of [
    ['an ID token', await idp.sign({ nonce: asked.nonce })],
    ['nonce', await idp.sign({ ...good, nonce: 'n' })],
    ['no event', await idp.sign({ ...good, events: undefined })],
    ['another event', await idp.sign({ ...good, events: { other: {} } })],
    ['an event that is no object', await idp.sign({ ...good, events: { [Object.keys(events)[0]!]: true } })],
    ['no jti', await idp.sign({ ...good, jti: undefined })],
    ['a jti that no store takes', await idp.sign({ ...good, jti: 'a\u0000' })],
    ['nobody', await idp.sign({ ...good, sid: undefined })],
    ['issuer', await idp.sign({ ...good, iss: 'https://evil.example' })],
    ['audience', await idp.sign({ ...good, aud: 'another' })],
    ['old', await idp.sign({ ...good, iat: seconds() - 3_600 })],
    ['ended', await idp.sign({ ...good, exp: seconds() - 100 })],
    ['key', await idp.sign(good, {}, foreign)],
    ['type', await idp.sign(good, { typ: 'at+jwt' })],
    ['nothing', ''],
  ] as const)
    await expect(client.readLogout(token), what).rejects.toBeInstanceOf(OidcWrong)
})

test('[OI12] a configuration that contradicts itself is refused with what to mend', () => {
  for (const [more, words] of [
    [{ issuer: 'http://login.example.com' }, /https/],
    [{ people: 'match' }, /matchSource/],
    [{ people: 'match', matchSource: 'ad', administrators: 'a', claims: { groups: 'g' } }, /administrators/],
    [{ administrators: 'a' }, /claims\.groups/],
    [{ scopes: 'profile' }, /openid/],
  ] as const)
    expect(() => openOidc(idp.config(more)), JSON.stringify(more)).toThrow(words)
})

test('[OI9] a refresh token is kept so that only the owner of the client secret reads it, for that session', async () => {
  process.env.PCHAT_TEST_SEAL = 'one secret'
  const sealing = openOidc(idp.config({ clientSecret: { env: 'PCHAT_TEST_SEAL' } }))
  const sealed = (await sealing.seal('a refresh token', 'session 1'))!
  expect(sealed.toString('latin1')).not.toContain('refresh')
  expect(await sealing.unseal(sealed, 'session 1')).toBe('a refresh token')
  expect(await sealing.unseal(sealed, 'session 2')).toBeUndefined()
  expect(await sealing.unseal(sealed.subarray(0, 20), 'session 1')).toBeUndefined()
  expect(await sealing.unseal(Buffer.concat([sealed, Buffer.from('x')]), 'session 1')).toBeUndefined()
  process.env.PCHAT_TEST_SEAL = 'another secret'
  expect(await sealing.unseal(sealed, 'session 1')).toBeUndefined()
  // A client without a secret keeps none.
  expect(await client.seal('a refresh token', 'session 1')).toBeUndefined()
})
