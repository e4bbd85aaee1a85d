import { randomBytes } from 'node:crypto'
import type { OidcClient, OidcVouch } from '../directory/oidc.ts'
import type { OidcIdentity } from '../directory/oidc-claims.ts'
import { checkedPrincipalName, withDomain } from '../domain/principal.ts'
import { Refusal } from '../protocol/error.ts'
import { audit } from '../store/audit.ts'
import { transaction } from '../store/db.ts'
import {
  endByProvider,
  insertAttempt,
  insertLogout,
  insertSessionOfEnabled,
  insertVouch,
  takeAttempt,
  vouchOfSession,
} from '../store/oidc.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { taken } from './external.ts'
import { bringPerson } from './oidc-person.ts'
import { oidcRefusal } from './oidc-refusal.ts'
import { recordSignIn } from './sign-in-record.ts'
import { hashToken, makeToken } from './token.ts'

/** Sign-in at an OpenID provider, in a browser. Programs are signed in by chat/device. */

export const attemptSeconds = 600
const usualRecheckMinutes = 15
const spread = 0.1

function secret(): string {
  return randomBytes(32).toString('base64url')
}

/** When to ask again, in minutes; spread, so that those who came together do not ask together for ever. */
export function recheckMinutes({ provider }: OidcClient): number {
  return (provider.recheckMinutes ?? usualRecheckMinutes) * (1 - spread * Math.random())
}

async function told<T>(chat: Chat, client: OidcClient, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw oidcRefusal(chat, client, error)
  }
}

/**
 * Begins a sign-in. `browser` is a secret of the browser that asks; `next` a path of ours. Answers where it is to go. Refusal
 * unavailable where the provider is away.
 */
export async function beginOidc(
  chat: Chat,
  client: OidcClient,
  from: { browser: string; redirectUri: string; next: string },
): Promise<string> {
  const asked = { redirectUri: from.redirectUri, state: secret(), nonce: secret(), verifier: secret() }
  const url = await told(chat, client, client.begin(asked))
  await insertAttempt(chat.db, {
    ...asked,
    provider: client.provider.name,
    stateHash: hashToken(asked.state),
    browserHash: hashToken(from.browser),
    next: from.next,
    seconds: attemptSeconds,
  })
  return url.href
}

/** No state of ours is longer. */
const maxState = 100

/**
 * Ends what was begun: `answer` is the query that the browser came back with. Each state counts once, for the browser that it was
 * given to. Refusals: unauthenticated, forbidden, name_taken, unavailable.
 */
export async function finishOidc(
  chat: Chat,
  client: OidcClient,
  from: { browser: string; answer: string; address: string },
): Promise<{ token: string; next: string }> {
  const state = new URLSearchParams(from.answer).get('state') ?? ''
  const attempt =
    state === '' || state.length > maxState
      ? undefined
      : await takeAttempt(chat.db, {
          provider: client.provider.name,
          stateHash: hashToken(state),
          browserHash: hashToken(from.browser),
        })
  if (!attempt)
    throw new Refusal(
      'unauthenticated',
      'This sign-in was not begun in this browser, was used already, or took too long. Begin again.',
    )
  const { next, ...asked } = attempt
  const vouch = await told(chat, client, client.finish(from.answer, { ...asked, state }))
  const principal = await brought(chat, client, vouch.identity, from.address)
  const token = await openVouched(chat, client, vouch, { principal, address: from.address })
  chat.log.info({ provider: client.provider.name, principal, address: from.address }, 'signed in at an OpenID provider')
  return { token, next }
}

/** Whoever is refused here did come with the word of his provider: that is recorded, under the name that it gave. */
async function brought(chat: Chat, client: OidcClient, identity: OidcIdentity, address: string): Promise<string> {
  try {
    return await bringPerson(chat, client, identity)
  } catch (error) {
    const { userName = '' } = identity
    const name = taken(() => checkedPrincipalName('user', withDomain(userName, client.provider.domain)))
    if (error instanceof Refusal && (error.code === 'forbidden' || error.code === 'name_taken'))
      recordSignIn(chat, { name, address, method: 'oidc', outcome: 'wrong' })
    throw error
  }
}

async function openVouched(
  chat: Chat,
  client: OidcClient,
  vouch: OidcVouch,
  of: { principal: string; address: string },
): Promise<string> {
  const { token, hash } = makeToken()
  const opened = await transaction(chat.db, async tx => {
    const session = await insertSessionOfEnabled(tx, { ...of, tokenHash: hash, days: chat.settings.sessionDays })
    if (session === undefined) return undefined
    const { refreshToken } = vouch
    const sealed = refreshToken === undefined ? undefined : await client.seal(refreshToken, session)
    await insertVouch(tx, session, {
      provider: client.provider.name,
      subject: vouch.identity.subject,
      sid: vouch.sid ?? null,
      refreshToken: sealed ?? null,
      minutes: recheckMinutes(client),
    })
    return session
  })
  recordSignIn(chat, { ...of, method: 'oidc', outcome: opened === undefined ? 'wrong' : 'ok', session: opened })
  if (opened === undefined) throw new Refusal('forbidden', 'Your account is disabled here. Ask your administrator.')
  return token
}

/** A provider tells that somebody signed out there. Each logout token counts once. Refusals: unauthenticated, unavailable. */
export async function endAtProvider(chat: Chat, client: OidcClient, logoutToken: string): Promise<void> {
  const { name } = client.provider
  const logout = await told(chat, client, client.readLogout(logoutToken))
  const news = await transaction(chat.db, async tx => {
    if (!(await insertLogout(tx, name, logout.jti, logout.forgetAt)))
      throw new Refusal('unauthenticated', 'This logout token was used already.')
    const ended = await endByProvider(tx, name, logout)
    if (ended.length === 0) return {}
    const owners = [...new Set(ended.map(one => one.principal))]
    const sessions = ended.map(one => one.session)
    for (const owner of owners) await audit(tx, null, 'session.end', owner, { sessions, provider: name })
    return { ended: sessions, directory: await raiseDirectory(tx, owners) }
  })
  announce(chat, news)
}

/** Which provider vouches for the caller's session, by its name here. Undefined where he came by a password. */
export async function providerOfSession(chat: Chat, caller: Caller): Promise<string | undefined> {
  return (await vouchOfSession(chat.db, caller.session))?.provider
}
