import { maySee, roomRights } from '../domain/access.ts'
import { eventFrame } from '../pool/frame.ts'
import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { Room, RoomRole } from '../protocol/room.ts'
import type { ListChange } from '../protocol/verb.ts'
import type { Connection } from '../store/db.ts'
import {
  addEntries,
  countEntries,
  keepEntries,
  listEntries,
  notOnMemberList,
  outOfScope,
  removeEntries,
} from '../store/entry.ts'
import { resolvePrincipals } from '../store/principal.ts'
import { findRoom, type RoomRow, toRoom } from '../store/room.ts'
import { readRoomUser } from '../store/room-user.ts'
import { requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { glassOf } from './glass.ts'
import { countParticipants } from './live.ts'

export type ListInput = {
  members?: ListChange | null | undefined
  managers?: ListChange | undefined
  presenters?: ListChange | undefined
}
export type ListOutcome = { changed: boolean; allMembers?: boolean; added: string[]; invited: boolean }

/** Applies list changes under the locks of category and room. `row` already has the type and privacy that the room will have. */
export async function setRoomLists(
  tx: Connection,
  caller: Caller,
  row: RoomRow,
  input: ListInput,
): Promise<ListOutcome> {
  const outcome: ListOutcome = {
    changed: false,
    added: [],
    invited: row.category_invitations && row.invitations === 'inherit',
  }
  if (input.members !== undefined) await setMembers(tx, caller, row, input.members, outcome)
  if (input.managers !== undefined)
    outcome.changed = (await setList(tx, caller, row, 'manager', input.managers)).changed || outcome.changed
  if (input.presenters !== undefined) {
    if (row.type !== 'auditorium' && hasAny(input.presenters))
      throw new Refusal('invalid_argument', 'Only an auditorium has presenters. Set type to auditorium first.')
    const allMembers = outcome.allMembers ?? row.all_members
    const { changed, added } = await setList(tx, caller, row, 'presenter', input.presenters)
    if (row.privacy !== 'open' && !allMembers) await requireMembers(tx, row.id, added)
    outcome.changed ||= changed
  }
  return outcome
}

async function setMembers(
  tx: Connection,
  caller: Caller,
  row: RoomRow,
  members: ListChange | null,
  outcome: ListOutcome,
) {
  if (members === null) {
    await keepEntries(tx, row.id, 'member', [])
    outcome.allMembers = true
    outcome.changed ||= !row.all_members
    return
  }
  if (row.all_members && !Array.isArray(members))
    throw new Refusal(
      'conflict',
      'The members are everyone in scope (null). Set a whole list first, then add and remove.',
    )
  const { changed, added } = await setList(tx, caller, row, 'member', members, outcome.invited)
  outcome.allMembers = false
  outcome.changed ||= changed || row.all_members
  outcome.added = added.map(principal => principal.id)
}

async function setList(
  tx: Connection,
  caller: Caller,
  row: RoomRow,
  role: RoomRole,
  change: ListChange,
  invited = false,
) {
  const whole = Array.isArray(change)
  const wanted = await resolvePrincipals(tx, whole ? change : (change.add ?? []))
  const unwanted = whole ? [] : await resolvePrincipals(tx, change.remove ?? [])
  const removed = whole
    ? await keepEntries(tx, row.id, role, ids(wanted))
    : await removeEntries(tx, row.id, role, ids(unwanted))
  const stays = ids(unwanted)
  const fresh = await addEntries(
    tx,
    row.id,
    role,
    ids(wanted).filter(id => !stays.includes(id)),
    caller.user.id,
    invited,
  )
  // Only what is new is held against the scope: an entry that a narrowed scope shut out stays, without effect.
  const out = await outOfScope(tx, row.category, fresh)
  if (out.length > 0) {
    const names = wanted.filter(principal => out.includes(principal.id)).map(principal => principal.name)
    throw new Refusal(
      'invalid_argument',
      `${role}s: ${names.join(', ')} is outside the scope of the category. Ask an administrator to widen it, or leave it out.`,
    )
  }
  return { changed: removed > 0 || fresh.length > 0, added: wanted.filter(principal => fresh.includes(principal.id)) }
}

async function requireMembers(tx: Connection, room: string, presenters: Principal[]) {
  const strangers = await notOnMemberList(tx, room, ids(presenters))
  if (strangers.length === 0) return
  const names = presenters.filter(principal => strangers.includes(principal.id)).map(principal => principal.name)
  throw new Refusal(
    'invalid_argument',
    `presenters: ${names.join(', ')} is not a member of the room. Add to members first.`,
  )
}

function hasAny(change: ListChange): boolean {
  return Array.isArray(change) ? change.length > 0 : (change.add?.length ?? 0) > 0
}

function ids(principals: Principal[]): string[] {
  return principals.map(principal => principal.id)
}

/**
 * After the commit: who follows the room and may read it again hears of it, among those that were added, or among all; who was
 * added hears of it as an invitation where the room sends them.
 */
export function tellAdded(
  chat: Chat,
  caller: Caller,
  room: Room,
  outcome: { added: string[]; invited: boolean; opened?: boolean },
): void {
  const { added, invited, opened = false } = outcome
  if (opened || added.length > 0)
    chat.bus.publish('pool', {
      head: { kind: 'opened', room: room.id, ...(opened ? {} : { principals: added }) },
      frame: eventFrame({ event: 'room.opened', room }),
    })
  if (invited && added.length > 0)
    chat.bus.publish('pool', {
      head: { kind: 'invited', room: room.id, principals: added, by: caller.user.id },
      frame: eventFrame({ event: 'room.invited', room: room.id, by: caller.user }),
    })
}

const listPage = 100

export async function getRoom(chat: Chat, caller: Caller, input: Input<'room.get'>): Promise<Result<'room.get'>> {
  const access = await requireRoom(chat, caller, input.room, 'see')
  const rights = roomRights(access.person, access.scope, access.facts)
  const [row, user, counts, participants] = await Promise.all([
    findRoom(chat.db, input.room),
    readRoomUser(chat.db, caller.user.id, input.room),
    countEntries(chat.db, input.room),
    countParticipants(chat, [input.room]),
  ])
  const list = async (role: RoomRole) => (await listEntries(chat.db, input.room, role, listPage, '')).map(toPrincipal)
  const lists = maySee(access.person, access.scope, access.facts)
    ? {
        counts: { members: counts.member, managers: counts.manager, presenters: counts.presenter },
        members: access.facts.allMembers ? null : await list('member'),
        managers: await list('manager'),
        presenters: await list('presenter'),
      }
    : {}
  return {
    room: { ...toRoom(row!, chat.settings.domain, rights.read), participants: participants.get(input.room) ?? 0 },
    rights,
    followed: user.followed,
    ...lists,
    ...(access.person.administrator || rights.manager ? { glassBroken: await glassOf(chat, input.room) } : {}),
  }
}

export async function listRoomMembers(
  chat: Chat,
  caller: Caller,
  input: Input<'room.members'>,
): Promise<Result<'room.members'>> {
  await requireRoom(chat, caller, input.room, 'seeLists')
  const limit = input.limit ?? listPage
  const found = await listEntries(chat.db, input.room, input.role, limit + 1, input.after ?? '')
  const page = found.slice(0, limit)
  return { principals: page.map(toPrincipal), ...(found.length > limit ? { next: page.at(-1)!.nameKey } : {}) }
}

function toPrincipal({ id, kind, name, displayName }: Principal): Principal {
  return { id, kind, name, displayName }
}
