import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as jose from 'jose'
import type { OidcProvider } from '../src/directory/oidc-config.ts'

/** A provider that answers whatever a test tells it to: tokens that no real one would give out. */
export type HostileProvider = {
  issuer: string
  publicKey: jose.CryptoKey
  privateKey: jose.CryptoKey
  /** What the token endpoint answers, status and body. */
  token: { status: number; body: unknown }
  userinfo: unknown
  /** Changes of its description of itself; undefined members are left out. */
  metadata: Record<string, unknown>
  jwks: { keys: jose.JWK[] }
  /** What the token endpoint was sent last. */
  sent: URLSearchParams
  /** A token of good claims, but for `claims`; undefined takes one away. */
  sign(
    claims?: Record<string, unknown>,
    header?: Partial<jose.JWTHeaderParameters>,
    key?: jose.CryptoKey,
  ): Promise<string>
  config(more?: Partial<OidcProvider>): OidcProvider
  close(): Promise<void>
}

export async function openHostileProvider(): Promise<HostileProvider> {
  const { publicKey, privateKey } = await jose.generateKeyPair('RS256', { extractable: true })
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const path = request.url?.split('?')[0]
      if (path === '/token') provider.sent = new URLSearchParams(Buffer.concat(chunks).toString())
      const [status, body] =
        path === '/.well-known/openid-configuration'
          ? [200, description()]
          : path === '/jwks'
            ? [200, provider.jwks]
            : path === '/userinfo'
              ? [200, provider.userinfo]
              : [provider.token.status, provider.token.body]
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const description = () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    // Whatever it says that it signs with, it is not taken.
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none', 'ES256', 'PS256'],
    ...provider.metadata,
  })
  const provider: HostileProvider = {
    issuer,
    publicKey,
    privateKey,
    token: { status: 500, body: {} },
    userinfo: {},
    metadata: {},
    jwks: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] },
    sent: new URLSearchParams(),
    sign(claims = {}, header = {}, key = privateKey) {
      const now = Math.floor(Date.now() / 1_000)
      const all = { iss: issuer, aud: 'pchat', sub: 'alice', iat: now, exp: now + 300, ...claims }
      const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
      return new jose.SignJWT(kept).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key)
    },
    config: more => ({ name: 'bad', title: 'Bad', issuer, clientId: 'pchat', domain: 'example.com', ...more }),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return provider
}
