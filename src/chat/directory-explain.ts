import { roomRights } from '../domain/access.ts'
import { describeReason, describeWay, explainRoom, type Reason, type Way } from '../domain/explanation.ts'
import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readAccess } from '../store/access.ts'
import type { Queryable } from '../store/db.ts'
import { ancestorsOf, entriesFor, type Held, holdersOf, readOrigin, unitsOf } from '../store/directory-explain.ts'
import { principalsByIds, resolvePerson } from '../store/principal.ts'
import { findRoom } from '../store/room.ts'
import type { Caller, Chat } from './chat.ts'

/** directory.explain: who a principal is, where from, in which groups through which; with a room why he may enter it, or not. */
export async function explainPrincipal(
  chat: Chat,
  _caller: Caller,
  input: Input<'directory.explain'>,
): Promise<Result<'directory.explain'>> {
  return explain(chat, input)
}

/** Also for the command line, which has no caller. Refusals: not_found, invalid_argument. */
export async function explain(
  chat: Pick<Chat, 'db' | 'site'>,
  input: Input<'directory.explain'>,
): Promise<Result<'directory.explain'>> {
  const { db } = chat
  const person = await resolvePerson(db, input.user)
  const [origin, units, ancestors, ways] = await Promise.all([
    readOrigin(db, person.id),
    unitsOf(db, person.id),
    ancestorsOf(db, person.id),
    waysUp(db, person.id),
  ])
  const { goneAt, ...from } = origin
  const wayTo = (entry: Principal): Way => {
    if (entry.id === person.id) return { entry, path: [] }
    const unit = units.findIndex(each => each.id === entry.id)
    if (unit >= 0) return { entry, path: units.slice(0, unit + 1) }
    return ways.get(entry.id) ?? { entry, path: [entry] }
  }
  return {
    principal: { id: person.id, kind: person.kind, name: person.name, displayName: person.displayName },
    ...from,
    goneAt: goneAt?.toISOString() ?? null,
    units,
    groups: ancestors
      .filter(entry => entry.kind === 'group')
      .map(group => ({ group, path: wayTo(group).path, sentence: `He is in it ${describeWay(wayTo(group))}.` })),
    domain: ancestors.find(entry => entry.kind === 'domain') ?? null,
    ...(input.room === undefined ? {} : { room: await explainOne(chat, person, input.room, wayTo) }),
  }
}

async function explainOne(
  chat: Pick<Chat, 'db' | 'site'>,
  person: Principal,
  id: string,
  wayTo: (entry: Principal) => Way,
): Promise<NonNullable<Result<'directory.explain'>['room']>> {
  if (person.kind !== 'user')
    throw new Refusal('invalid_argument', `"${person.name}" is no user. Only users enter rooms.`)
  const [room, found] = await Promise.all([
    findRoom(chat.db, id),
    readAccess(chat.db, [{ user: person.id, room: id }], chat.site),
  ])
  const access = found.get(`${person.id}/${id}`)
  if (!room || !access) throw new Refusal('not_found', 'There is no such room. Check its id.')
  const entries = await entriesFor(chat.db, person.id, id, access.category)
  const names = await principalsByIds(
    chat.db,
    entries.map(entry => entry.principal),
  )
  const reasons = entries
    .map(({ list, principal }): Reason => ({ list, ...wayTo(names.get(principal)!) }))
    .sort((a, b) => order(a).localeCompare(order(b), 'en'))
  return {
    id,
    name: room.name,
    rights: roomRights(access.person, access.scope, access.facts),
    ...explainRoom(access.person, access.scope, access.facts, reasons),
    reasons: reasons.map(reason => ({
      list: reason.list,
      entry: reason.entry,
      path: reason.path,
      sentence: describeReason(reason),
    })),
  }
}

const order = ({ list, entry }: Reason) => `${list} ${entry.name}`

/** The shortest way to each group that holds it at any depth. In rings, since there may be far more ways than groups. */
async function waysUp(q: Queryable, id: string): Promise<Map<string, Way>> {
  const ways = new Map<string, Way>()
  let ring = [id]
  while (ring.length > 0) {
    const held: Held[] = await holdersOf(q, ring)
    ring = []
    for (const { member, holder, unit } of held) {
      if (ways.has(holder.id)) continue
      ways.set(holder.id, { entry: holder, path: [...(ways.get(member)?.path ?? []), holder], unit: unit ?? undefined })
      ring.push(holder.id)
    }
  }
  return ways
}
