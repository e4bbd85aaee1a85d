import { setTimeout as sleep } from 'node:timers/promises'
import * as jose from 'jose'
import * as openid from 'openid-client'
import type { OidcProvider } from './oidc-config.ts'
import { oidcFault } from './oidc-error.ts'
import { OidcWrong } from './oidc-fault.ts'
import { readSecret } from './secret.ts'
import { SourceAway } from './source.ts'

/** What a provider says of itself, and its keys. */
export type Discovered = { metadata: openid.ServerMetadata; keys: jose.RemoteJWKSet }

export type DiscoveryOptions = {
  /** For tests. How long a call may take; how soon an unknown key makes us fetch the keys anew; how long a failure is remembered. */
  timeoutMs?: number
  keyCooldownMs?: number
  failureMs?: number
}

/** How long what was read counts: providers change it seldom, and their keys are looked after by themselves. */
const freshMs = 3_600_000
const keysFreshMs = 600_000
const retryMs = 300
const usual = { timeoutMs: 5_000, keyCooldownMs: 5_000, failureMs: 2_000 }

/** Whether plain HTTP stays on this machine. */
export function isLoopbackUrl(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(URL.parse(url)?.hostname ?? '')
}

/** Reads the provider's own description once an hour. Where it cannot be read, what was read before goes on to count. */
export function openDiscovery(provider: OidcProvider, more: DiscoveryOptions = {}) {
  const { timeoutMs, keyCooldownMs, failureMs } = { ...usual, ...more }
  let known: (Discovered & { at: number }) | undefined
  let failed: { at: number; fault: Error } | undefined
  let running: Promise<Discovered> | undefined

  async function read(): Promise<Discovered> {
    try {
      const metadata = await readTwice()
      const { jwks_uri: uri } = metadata
      if (uri === undefined || !mayAsk(uri)) throw new OidcWrong('it names no address of its keys')
      const sameKeys = known?.metadata.jwks_uri === uri ? known.keys : undefined
      const keys = sameKeys ?? openKeys(uri)
      known = { metadata, keys, at: performance.now() }
      failed = undefined
      return known
    } catch (error) {
      // Whatever is wrong with the description, nobody can sign in there: to us the provider is away.
      const fault = oidcFault(error, provider.name)
      const away =
        fault instanceof SourceAway
          ? fault
          : new SourceAway(`The provider ${provider.name} describes itself wrongly: ${fault.message}.`, {
              cause: error,
            })
      failed = { at: performance.now(), fault: away }
      if (known) return known
      throw away
    } finally {
      running = undefined
    }
  }

  async function readTwice(): Promise<openid.ServerMetadata> {
    try {
      return await readOnce()
    } catch {
      await sleep(retryMs)
      return readOnce()
    }
  }

  async function readOnce(): Promise<openid.ServerMetadata> {
    const execute = isLoopbackUrl(provider.issuer) ? [openid.allowInsecureRequests] : []
    const found = await openid.discovery(new URL(provider.issuer), provider.clientId, undefined, openid.None(), {
      timeout: timeoutMs / 1_000,
      execute,
    })
    return { ...found.serverMetadata() }
  }

  /** A provider over TLS leads to no address without it. */
  function mayAsk(uri: string): boolean {
    return /^https:/.test(uri) || isLoopbackUrl(provider.issuer)
  }

  function openKeys(uri: string): jose.RemoteJWKSet {
    return jose.createRemoteJWKSet(new URL(uri), {
      timeoutDuration: timeoutMs,
      cooldownDuration: keyCooldownMs,
      cacheMaxAge: keysFreshMs,
    })
  }

  async function discover(): Promise<Discovered> {
    const now = performance.now()
    if (known && now - known.at < freshMs) return known
    if (failed && now - failed.at < failureMs) {
      if (known) return known
      throw failed.fault
    }
    running ??= read()
    return running
  }

  /** What openid-client asks the provider with. The secret is read anew each time, so that it can be rotated. */
  async function configure(): Promise<openid.Configuration> {
    const { metadata } = await discover()
    const secret = await secretOf(provider)
    const skew = provider.clockSkewSeconds ?? defaultSkewSeconds
    const configuration = new openid.Configuration(
      metadata,
      provider.clientId,
      { [openid.clockTolerance]: skew },
      clientAuth(metadata, secret),
    )
    configuration.timeout = timeoutMs / 1_000
    if (isLoopbackUrl(provider.issuer)) openid.allowInsecureRequests(configuration)
    return configuration
  }
  return { discover, configure }
}

export const defaultSkewSeconds = 30

/** Undefined for a client without one. Throws SourceAway where it cannot be read. */
export async function secretOf({ name, clientSecret }: OidcProvider): Promise<string | undefined> {
  if (clientSecret === undefined) return undefined
  return readSecret(clientSecret).catch(error => {
    throw new SourceAway(`The secret of the provider ${name} cannot be read. ${(error as Error).message}`, {
      cause: error,
    })
  })
}

/** RFC 8414: without a word of the provider it is the header. */
function clientAuth(metadata: openid.ServerMetadata, secret: string | undefined): openid.ClientAuth {
  if (secret === undefined) return openid.None()
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return methods.includes('client_secret_basic') ? openid.ClientSecretBasic(secret) : openid.ClientSecretPost(secret)
}
