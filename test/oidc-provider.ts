import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import type { OidcProvider } from '../src/directory/oidc-config.ts'

/** A real OpenID provider on 127.0.0.1. Whoever is to sign in is named by `login`; nobody is asked for a password. */
export type TestProvider = {
  issuer: string
  /** Claims by account; changed at will. */
  users: Map<string, Record<string, unknown>>
  /** Who signs in next; undefined: he gives up. */
  login: string | undefined
  /** What the server under test registers, once its address is known. */
  register(site: string | string[]): void
  /** Signs with a new key from now on; the old one is not published any more. */
  rotateKeys(): void
  /** `off`: connections are refused in the middle; `slow`: nothing is ever answered; `broken`: 500 to everything. */
  state: 'on' | 'off' | 'slow' | 'broken'
  /** Takes back what it vouched for. */
  revoke(account: string): Promise<void>
  /** Requests by path. */
  asked: Map<string, number>
  errors: string[]
  /** The configuration that a server under test reads. */
  config(more?: Partial<OidcProvider>): OidcProvider
  close(): Promise<void>
}

export const clientSecret = 'a client secret of the tests, long enough'
process.env.PCHAT_TEST_OIDC_SECRET = clientSecret

let keys = 0
function newKey() {
  keys += 1
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid: `key-${keys}`, use: 'sig', alg: 'RS256' }
}

export async function openTestProvider({ name = 'idp', refresh = true } = {}): Promise<TestProvider> {
  const users = new Map<string, Record<string, unknown>>()
  const grants = new Map<string, string[]>()
  const errors: string[] = []
  const asked = new Map<string, number>()
  let jwks = { keys: [newKey()] }
  let sites: string[] = ['http://127.0.0.1:1']
  let answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end()
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    asked.set(path, (asked.get(path) ?? 0) + 1)
    if (provider.state === 'slow') return
    if (provider.state === 'off') return void request.socket.destroy()
    if (provider.state === 'broken') return void response.writeHead(500).end('<p>broken</p>')
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let real = rebuild()

  function rebuild(): Provider {
    const made = new Provider(issuer, {
      clients: [
        {
          client_id: 'pchat',
          client_secret: clientSecret,
          grant_types: refresh ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
          redirect_uris: sites.map(site => `${site}/web/oidc/${name}/callback`),
          post_logout_redirect_uris: sites.map(site => `${site}/`),
          backchannel_logout_uri: `${sites[0]}/web/oidc/${name}/backchannel-logout`,
          backchannel_logout_session_required: true,
        },
      ],
      jwks,
      cookies: { keys: ['a key for cookies'] },
      claims: {
        openid: ['sub'],
        profile: ['name', 'preferred_username', 'groups'],
        email: ['email', 'email_verified'],
      },
      features: {
        devInteractions: { enabled: false },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: { enabled: true },
      },
      ttl: { Interaction: 600, Grant: 3_600, Session: 3_600, AccessToken: 600, RefreshToken: 3_600, IdToken: 600 },
      // Its own calls nobody on loopback; the server under test is there.
      fetch: (url: string, options: object) =>
        globalThis.fetch(url, { ...options, dispatcher: undefined } as RequestInit),
      pkce: { required: () => true },
      interactions: { url: (_: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
      issueRefreshToken: (_: unknown, client: { grantTypeAllowed(type: string): boolean }) =>
        client.grantTypeAllowed('refresh_token'),
      rotateRefreshToken: () => true,
      findAccount: (_: unknown, sub: string) => {
        const claims = users.get(sub)
        return claims && { accountId: sub, claims: async () => ({ sub, ...claims }) }
      },
      async loadExistingGrant(ctx: { oidc: { client: { clientId: string }; session: { accountId: string } } }) {
        const { accountId } = ctx.oidc.session
        const grant = new real.Grant({ accountId, clientId: ctx.oidc.client.clientId })
        grant.addOIDCScope('openid profile email')
        grants.set(accountId, [...(grants.get(accountId) ?? []), await grant.save()])
        return grant
      },
    })
    made.use(async (ctx, next) => {
      if (!ctx.path.startsWith('/interaction/')) return next()
      ctx.respond = false
      const result =
        provider.login === undefined
          ? { error: 'access_denied', error_description: '<script>alert(1)</script>' }
          : { login: { accountId: provider.login } }
      await made.interactionFinished(ctx.req, ctx.res, result)
    })
    for (const event of ['server_error', 'authorization.error', 'grant.error', 'backchannel.error', 'userinfo.error'])
      made.on(event, (...told) => {
        const error = told.find(one => one instanceof Error) as (Error & { error_detail?: string }) | undefined
        errors.push(`${event}: ${error?.message} ${error?.error_detail ?? error?.cause ?? ''}`)
      })
    const callback = made.callback()
    answer = (request, response) => callback(request, response)
    return made
  }

  const provider: TestProvider = {
    issuer,
    users,
    login: undefined,
    state: 'on',
    asked,
    errors,
    register(site) {
      sites = [site].flat()
      real = rebuild()
    },
    rotateKeys() {
      jwks = { keys: [newKey()] }
      real = rebuild()
    },
    async revoke(account) {
      for (const id of grants.get(account) ?? []) {
        await real.RefreshToken.revokeByGrantId(id)
        await (await real.Grant.find(id))?.destroy()
      }
    },
    config: more => ({
      name,
      title: `The ${name}`,
      issuer,
      clientId: 'pchat',
      clientSecret: { env: 'PCHAT_TEST_OIDC_SECRET' },
      domain: 'example.com',
      ...more,
    }),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return provider
}
