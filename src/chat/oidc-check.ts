import type { OidcClient, OidcClients } from '../directory/oidc.ts'
import { OidcDenied } from '../directory/oidc-fault.ts'
import { SourceAway } from '../directory/source.ts'
import { Refusal } from '../protocol/error.ts'
import { type Connection, transaction } from '../store/db.ts'
import { purgeDevices } from '../store/device.ts'
import {
  claimVouches,
  type DueVouch,
  type EndedSession,
  endDenied,
  endForgotten,
  endUnvouched,
  noteAway,
  noteFailure,
  purgeOidc,
  renewVouch,
} from '../store/oidc.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Chat } from './chat.ts'
import { recheckMinutes } from './oidc.ts'
import { bringPerson } from './oidc-person.ts'

/** So many sessions are asked about at a time: a provider is nobody's to flood. */
const batch = 20
const atOnce = 4
/** Longer than a batch takes, with a provider that answers each call at the last moment. */
const leaseSeconds = 120
const usualGraceHours = 8
/** A session that cannot ask has at least so long. */
const minMuteHours = 1

/**
 * Asks the providers whether those who signed in there still may, session by session as their turns come, and ends the sessions of
 * whom they deny, or could not be asked about for too long; for a background loop of every server. No two servers ask about one
 * session at a time.
 */
export async function checkVouches(chat: Chat, clients: OidcClients, isStopping: () => boolean): Promise<void> {
  await purgeOidc(chat.db)
  await purgeDevices(chat.db)
  const away = new Set<string>()
  for (;;) {
    const asked = [...clients.keys()].filter(name => !away.has(name))
    if (asked.length === 0 || isStopping()) break
    const due = await claimVouches(chat.db, asked, batch, leaseSeconds)
    await askAll(chat, clients, due, away)
    if (due.length < batch) break
  }
  for (const name of away) await noteAway(chat.db, name)
  for (const { provider } of clients.values()) {
    const hours = provider.graceHours ?? usualGraceHours
    await end(chat, 'its OpenID provider could not be asked', tx =>
      endUnvouched(tx, provider.name, { asking: hours, mute: Math.max(hours, minMuteHours) }),
    )
  }
  await end(chat, 'its OpenID provider is not configured', tx => endForgotten(tx, [...clients.keys()], usualGraceHours))
}

async function askAll(chat: Chat, clients: OidcClients, due: DueVouch[], away: Set<string>): Promise<void> {
  const waiting = [...due]
  const worker = async () => {
    for (let vouch = waiting.shift(); vouch !== undefined; vouch = waiting.shift()) {
      if (away.has(vouch.provider)) await noteFailure(chat.db, vouch.session)
      else if (await ask(chat, clients.get(vouch.provider)!, vouch)) away.add(vouch.provider)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** True where the provider is away. */
async function ask(chat: Chat, client: OidcClient, vouch: DueVouch): Promise<boolean> {
  try {
    await renew(chat, client, vouch)
    return false
  } catch (error) {
    const { name } = client.provider
    const isDenied = error instanceof OidcDenied && error.ended
    const isUnfit = error instanceof Refusal && (error.code === 'forbidden' || error.code === 'name_taken')
    if (isDenied || isUnfit) {
      await end(chat, 'its OpenID provider does not vouch for it any more', tx => endDenied(tx, vouch))
      return false
    }
    // The store's own faults are for the loop.
    if (!(error instanceof Error) || !/^(SourceAway|Oidc)/.test(error.name)) throw error
    chat.log.warn({ provider: name, session: vouch.session, reason: error.message }, 'a session could not be asked for')
    await noteFailure(chat.db, vouch.session)
    return error instanceof SourceAway
  }
}

async function renew(chat: Chat, client: OidcClient, vouch: DueVouch): Promise<void> {
  const refreshToken = await client.unseal(vouch.refreshToken, vouch.session)
  if (refreshToken === undefined) throw new OidcDenied('unreadable here: the client secret is another one', false)
  const renewed = await client.renew(refreshToken, vouch.subject)
  const sealed = renewed.refreshToken && (await client.seal(renewed.refreshToken, vouch.session))
  // First of all: the old one may count no more.
  await transaction(chat.db, tx =>
    renewVouch(tx, vouch, { refreshToken: sealed || null, minutes: recheckMinutes(client) }),
  )
  if (renewed.identity) await bringPerson(chat, client, renewed.identity, vouch.principal)
}

async function end(chat: Chat, why: string, remove: (tx: Connection) => Promise<EndedSession[]>): Promise<void> {
  const news = await transaction(chat.db, async tx => {
    const ended = await remove(tx)
    if (ended.length === 0) return {}
    const owners = [...new Set(ended.map(one => one.principal))]
    return { ended: ended.map(one => one.session), directory: await raiseDirectory(tx, owners) }
  })
  if (news.ended) chat.log.info({ sessions: news.ended }, `a session ends: ${why}`)
  announce(chat, news)
}
