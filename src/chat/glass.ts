import { mayBreakGlass, mayRead, refuseDisabledRoom, refusePolicy, refuseRoom } from '../domain/access.ts'
import { codePoints } from '../domain/name.ts'
import { eventFrame } from '../pool/frame.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { BrokenGlass } from '../protocol/room.ts'
import type { Access } from '../store/access.ts'
import { audit } from '../store/audit.ts'
import { type Queryable, transaction } from '../store/db.ts'
import { breakGlass, endGlass, isGlassBroken, listGlass } from '../store/glass.ts'
import { accessTo, requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'

const defaultMinutes = 60
const shortestReason = 10
const longestReason = 500

/**
 * room.breakGlass: from now on he reads the history, and nothing else, though he is no member. Refusals: not_found, forbidden (he
 * is denied in the category, or the policy is off), invalid_argument, room_disabled, conflict (he reads the room already).
 */
export async function breakRoomGlass(
  chat: Chat,
  caller: Caller,
  input: Input<'room.breakGlass'>,
): Promise<Result<'room.breakGlass'>> {
  const { room, minutes = defaultMinutes } = input
  const told = minutes === 0 ? await end(chat, caller, room) : await begin(chat, caller, input, minutes)
  chat.bus.publish('pool', {
    head: { kind: 'glass', room },
    frame: eventFrame({ event: 'room.glassBroken', room, by: caller.user, ...told }),
  })
  return { until: told.until }
}

type Told = Omit<BrokenGlass, 'by'>

async function begin(
  chat: Chat,
  caller: Caller,
  { room, reason: typed }: Input<'room.breakGlass'>,
  minutes: number,
): Promise<Told> {
  const reason = typed?.trim() ?? ''
  const length = codePoints(reason)
  if (length < shortestReason || length > longestReason)
    throw new Refusal(
      'invalid_argument',
      `reason has ${length} characters; it takes ${shortestReason} to ${longestReason}. Say why you need to read this room: its managers are told.`,
    )
  return transaction(chat.db, async tx => {
    const { person, scope, facts } = await requireRoom(chat, caller, room, 'administer', tx)
    if (!person.enabled) throw refusePolicy()
    if (!mayBreakGlass(person, scope))
      throw new Refusal(
        'forbidden',
        'You are denied in the category of this room, and nobody reads against that. Ask another administrator.',
      )
    if (facts.disabled) throw refuseDisabledRoom()
    if (mayRead(person, scope, facts))
      throw new Refusal('conflict', 'You are a member of this room and read it already. Open it.')
    const { at, until } = await breakGlass(tx, { room, principal: caller.user.id, reason, minutes })
    await audit(tx, caller.user.id, 'room.breakGlass', room, { reason, minutes, until: until.toISOString() })
    return { at: at.toISOString(), until: until.toISOString(), reason }
  })
}

async function end(chat: Chat, caller: Caller, room: string): Promise<Told> {
  return transaction(chat.db, async tx => {
    await requireRoom(chat, caller, room, 'administer', tx)
    const ended = await endGlass(tx, room, caller.user.id)
    if (!ended) throw new Refusal('conflict', 'You read this room under no reason now: there is nothing to end.')
    const until = ended.until.toISOString()
    await audit(tx, caller.user.id, 'room.breakGlass', room, { reason: ended.reason, minutes: 0, until })
    return { at: ended.at.toISOString(), until, reason: ended.reason }
  })
}

/**
 * The caller, who may read what was posted: as a member, or (`byGlass`) with a reason. Then each reading is noted before its answer
 * goes out, with noteGlassReading.
 */
export async function requireHistory(
  chat: Chat,
  caller: Caller,
  room: string,
  q: Queryable = chat.db,
): Promise<Access & { byGlass: boolean }> {
  const access = await accessTo(chat, caller, room, q)
  const { person, scope, facts } = access
  // Members never need it, and most readers are members: they pay no look for it.
  const byGlass =
    !mayRead(person, scope, facts) && mayBreakGlass(person, scope) && (await isGlassBroken(q, room, caller.user.id))
  const refusal = refuseRoom('readHistory', person, scope, { ...facts, glassBroken: byGlass })
  if (refusal) throw refusal
  return { ...access, byGlass }
}

/** Committed when it resolves: what is not recorded is not shown. */
export async function noteGlassReading(chat: Chat, caller: Caller, room: string, what: object): Promise<void> {
  await audit(chat.db, caller.user.id, 'room.readThroughGlass', room, what)
}

/** For managers of the room and administrators. */
export async function glassOf(chat: Chat, room: string): Promise<BrokenGlass[]> {
  const rows = await listGlass(chat.db, room)
  return rows.map(row => ({ ...row, at: row.at.toISOString(), until: row.until.toISOString() }))
}
