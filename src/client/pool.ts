import { isInTheClear } from './addresses.ts'
import { type Client, type ClientOptions, connect } from './client.ts'
import { PchatError } from './error.ts'
import { signIn } from './sign-in.ts'

/** What one who asks keeps to himself, and what he names in its place. */
export type HandOverSecret = { verifier: string; challenge: string }

type Crypto = {
  getRandomValues(bytes: Uint8Array): Uint8Array
  subtle: { digest(name: string, bytes: Uint8Array): Promise<ArrayBuffer> }
}

/** A secret text, and its SHA-256. In browsers on pages that came encrypted, or from this very machine. */
export async function makeHandOverSecret(): Promise<HandOverSecret> {
  const { crypto } = globalThis as unknown as { crypto: Crypto }
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)))
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return { verifier, challenge: base64url(new Uint8Array(hash)) }
}

function base64url(bytes: Uint8Array): string {
  const { btoa } = globalThis as unknown as { btoa(text: string): string }
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/**
 * Opens another pool with the sign-in of this one: a client of its own, with its own rooms. Rejects with PchatError: not_found where there
 * is no such pool, forbidden where it has no account for this user or its address is not encrypted, second_factor_required where it asks for more (details say how to
 * go on with session.signIn there). `options` are those of connect but for who and where. The pool's address is
 * what the server of `client` says.
 */
export async function openPool(
  client: Client,
  pool: string,
  options: Omit<ClientOptions, 'url' | 'token' | 'signIn'> = {},
  stop: AbortSignal = new AbortController().signal,
): Promise<Client> {
  const { verifier, challenge } = await makeHandOverSecret()
  const { ticket, url } = await client.request('session.handOver', { pool, challenge })
  if (isInTheClear(url))
    throw new PchatError({
      code: 'forbidden',
      message: `The address of that pool, ${url}, is not encrypted, so that this sign-in could be read on its way. Tell your administrator.`,
    })
  const { token } = await signIn(url, { handOver: ticket, verifier }, stop)
  return connect({ ...options, url, token })
}
