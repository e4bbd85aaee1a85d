import * as openid from 'openid-client'
import { lacksClaims, type OidcIdentity, readIdentity } from './oidc-claims.ts'
import type { OidcProvider } from './oidc-config.ts'
import { type DiscoveryOptions, defaultSkewSeconds, isLoopbackUrl, openDiscovery, secretOf } from './oidc-discovery.ts'
import { oidcFault } from './oidc-error.ts'
import { OidcWrong } from './oidc-fault.ts'
import { seal, unseal } from './oidc-seal.ts'
import { type OidcLogout, verifyIdToken, verifyLogoutToken } from './oidc-token.ts'

/** What a sign-in was begun with, and is to come back with. */
export type OidcAsked = { redirectUri: string; state: string; nonce: string; verifier: string }

/** A provider vouches for somebody. `sid` is its own session; `refreshToken` asks it again later. */
export type OidcVouch = { identity: OidcIdentity; sid: string | undefined; refreshToken: string | undefined }

/** A provider at which people sign in. What goes wrong is SourceAway, OidcDenied or OidcWrong. */
export type OidcClient = {
  provider: OidcProvider
  /** Where the browser is to go. */
  begin(asked: OidcAsked): Promise<URL>
  /** `answer` is the query that it came back with. */
  finish(answer: string, asked: OidcAsked): Promise<OidcVouch>
  /** Whether it still vouches for the user. `identity` is undefined where it tells nothing new of him. */
  renew(refreshToken: string, subject: string): Promise<Partial<OidcVouch>>
  /** Where a browser signs out there as well; undefined where the provider has no such page. */
  signOutUrl(returnTo: string): Promise<URL | undefined>
  readLogout(token: string): Promise<OidcLogout>
  /** Undefined where the client has no secret to seal with: then nothing is kept. */
  seal(refreshToken: string, owner: string): Promise<Buffer | undefined>
  unseal(sealed: Buffer, owner: string): Promise<string | undefined>
}

const defaultScopes = 'openid profile email'

/** Throws an Error that says what to mend where the configuration contradicts itself. Nothing is asked yet. */
export function openOidc(provider: OidcProvider, options: DiscoveryOptions = {}): OidcClient {
  refuseFaults(provider)
  const { discover, configure } = openDiscovery(provider, options)
  const faults = <T>(work: Promise<T>): Promise<T> =>
    work.catch(error => {
      throw oidcFault(error, provider.name)
    })

  async function tokenCheck() {
    const { keys, metadata } = await discover()
    const skewSeconds = provider.clockSkewSeconds ?? defaultSkewSeconds
    return { keys, issuer: metadata.issuer, clientId: provider.clientId, skewSeconds }
  }

  /** Claims of the token count before those of userinfo, which may be older. */
  async function complete(
    configuration: openid.Configuration,
    accessToken: string,
    subject: string,
    claims: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    if (configuration.serverMetadata().userinfo_endpoint === undefined || !lacksClaims(provider, claims)) return claims
    const more = await openid.fetchUserInfo(configuration, accessToken, subject)
    return { ...more, ...claims }
  }

  async function finish(answer: string, asked: OidcAsked): Promise<OidcVouch> {
    const configuration = await configure()
    const tokens = await openid.authorizationCodeGrant(configuration, new URL(`${asked.redirectUri}?${answer}`), {
      pkceCodeVerifier: asked.verifier,
      expectedState: asked.state,
      expectedNonce: asked.nonce,
      idTokenExpected: true,
    })
    if (tokens.id_token === undefined) throw new OidcWrong('the answer holds no ID token')
    const { subject, sid, claims } = await verifyIdToken(tokens.id_token, await tokenCheck(), asked.nonce)
    const all = await complete(configuration, tokens.access_token, subject, claims)
    return { identity: readIdentity(provider, subject, all, 'sign-in'), sid, refreshToken: tokens.refresh_token }
  }

  async function renew(refreshToken: string, subject: string): Promise<Partial<OidcVouch>> {
    const configuration = await configure()
    const tokens = await openid.refreshTokenGrant(configuration, refreshToken)
    const verified = tokens.id_token && (await verifyIdToken(tokens.id_token, await tokenCheck(), undefined))
    if (verified && verified.subject !== subject) throw new OidcWrong('the renewed token is of another user')
    const claims = verified ? verified.claims : {}
    const all = await complete(configuration, tokens.access_token, subject, claims)
    const identity = Object.keys(all).length === 0 ? undefined : readIdentity(provider, subject, all, 'renewal')
    return { identity, refreshToken: tokens.refresh_token }
  }

  return {
    provider,
    begin: ({ redirectUri, state, nonce, verifier }) =>
      faults(
        (async () =>
          openid.buildAuthorizationUrl(await configure(), {
            redirect_uri: redirectUri,
            scope: provider.scopes ?? defaultScopes,
            state,
            nonce,
            code_challenge: await openid.calculatePKCECodeChallenge(verifier),
            code_challenge_method: 'S256',
          }))(),
      ),
    finish: (answer, asked) => faults(finish(answer, asked)),
    renew: (refreshToken, subject) => faults(renew(refreshToken, subject)),
    async signOutUrl(returnTo) {
      const configuration = await faults(configure())
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined
      return openid.buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnTo })
    },
    readLogout: token => faults(tokenCheck().then(check => verifyLogoutToken(token, check))),
    async seal(refreshToken, owner) {
      const secret = await secretOf(provider)
      return secret === undefined ? undefined : seal(refreshToken, secret, provider.issuer, owner)
    },
    async unseal(sealed, owner) {
      const secret = await secretOf(provider)
      return secret === undefined ? undefined : unseal(sealed, secret, provider.issuer, owner)
    },
  }
}

export type OidcClients = Map<string, OidcClient>

export function openOidcClients(providers: OidcProvider[], options: DiscoveryOptions = {}): OidcClients {
  return new Map(providers.map(provider => [provider.name, openOidc(provider, options)]))
}

/** What no field alone can be blamed for. */
function refuseFaults({ name, issuer, people = 'create', matchSource, administrators, claims, scopes }: OidcProvider) {
  const fault = (text: string) => new Error(`The OpenID provider ${name}: ${text}`)
  if (!issuer.startsWith('https:') && !isLoopbackUrl(issuer))
    throw fault('issuer is not https, and only on this machine is that safe. Write https://.')
  if (people === 'match' && matchSource === undefined)
    throw fault('people: match needs matchSource, the source whose users these are. Add it.')
  if (people === 'match' && administrators !== undefined)
    throw fault('with people: match administrators come from the source of the users. Leave administrators out.')
  if (administrators !== undefined && claims?.groups === undefined)
    throw fault('administrators is a group, and claims.groups says in which claim groups stand. Add it.')
  if (scopes !== undefined && !scopes.split(' ').includes('openid')) throw fault('scopes lacks openid. Add it.')
}
