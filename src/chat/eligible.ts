import { isInScope, mayCreateRoom, maySeeCategory } from '../domain/access.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readCategoryAccess } from '../store/access.ts'
import { listEligible as listEligibleRows, managesIn, type Obstacle, obstaclesOf } from '../store/eligible.ts'
import { findRoom } from '../store/room.ts'
import { requirePerson, requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'

/**
 * principal.eligible: for a category, who may create rooms there or manages one; for a room, its managers; administrators for all.
 * Refusals: not_found, forbidden, invalid_argument.
 */
export async function listEligible(
  chat: Chat,
  caller: Caller,
  input: Input<'principal.eligible'>,
): Promise<Result<'principal.eligible'>> {
  const place = await placeOf(chat, caller, input)
  const limit = input.limit ?? 100
  const found = await listEligibleRows(chat.db, place.category, {
    filter: input.filter,
    membersOf: place.membersOf,
    limit: limit + 1,
    after: input.after ?? '',
  })
  const page = found.slice(0, limit)
  return {
    principals: page.map(({ nameKey: _, ...principal }) => principal),
    ...(found.length > limit ? { next: page.at(-1)!.nameKey } : {}),
  }
}

async function placeOf(chat: Chat, caller: Caller, { category, room, presenters }: Input<'principal.eligible'>) {
  if ((category === undefined) === (room === undefined))
    throw new Refusal('invalid_argument', 'Give category or room, one of the two.')
  if (category !== undefined) {
    if (presenters) throw new Refusal('invalid_argument', 'Presenters are members of a room. Give room for them.')
    await requireRoomsOf(chat, caller, category)
    return { category, membersOf: undefined }
  }
  await requireRoom(chat, caller, room!, 'manage')
  const row = await findRoom(chat.db, room!)
  if (!row) throw notFound('room')
  if (presenters && row.type !== 'auditorium')
    throw new Refusal('invalid_argument', 'Only an auditorium has presenters. Leave presenters out.')
  return { category: row.category, membersOf: presenters ? row.id : undefined }
}

/** Refused unless the caller fills rooms of the category: as an administrator, a creator, or the manager of one. Answers which. */
export async function requireRoomsOf(
  chat: Chat,
  caller: Caller,
  category: string,
): Promise<{ administrator: boolean }> {
  const person = await requirePerson(chat, caller)
  const access = (await readCategoryAccess(chat.db, caller.user.id, [category], chat.site)).get(category)
  if (!access || !maySeeCategory(access.person, access.scope)) throw notFound('category')
  const fills =
    mayCreateRoom(access.person, access.scope) ||
    (isInScope(access.scope) && (await managesIn(chat.db, caller.user.id, category)))
  if (!fills)
    throw new Refusal('forbidden', 'Only creators of the category and managers of its rooms are told this. Ask one.')
  return { administrator: person.administrator }
}

/** Principals with whether they may stand in lists of the category's rooms. The lists of a scope are administrators' alone. */
export async function withEligibility<P extends { id: string; displayName: string }>(
  chat: Chat,
  category: string,
  principals: P[],
  isTold: boolean,
): Promise<(P & { eligible: boolean; reason?: string })[]> {
  const obstacles = await obstaclesOf(
    chat.db,
    category,
    principals.map(principal => principal.id),
  )
  return principals.map(principal => {
    const obstacle = obstacles.get(principal.id)
    return obstacle
      ? { ...principal, eligible: false, reason: reasonOf(principal.displayName, obstacle, isTold) }
      : { ...principal, eligible: true }
  })
}

function reasonOf(name: string, { denied }: Obstacle, isTold: boolean): string {
  if (!isTold) return `${name} is outside the scope of the category. Ask an administrator.`
  if (denied === null)
    return `Neither ${name} nor a group, unit or domain that holds it is among the allowed members of the category.`
  return denied === name
    ? `${name} is among the denied members of the category.`
    : `${name} is in ${denied}, which is among the denied members of the category.`
}
