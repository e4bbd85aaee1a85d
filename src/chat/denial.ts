import { checkedInstant } from '../domain/instant.ts'
import type { Denial } from '../protocol/compliance-verbs.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { type Db, type Queryable, transaction } from '../store/db.ts'
import {
  countDenials,
  type DenialRow,
  type DenialScope,
  findScope,
  insertDenial,
  liftDenial as liftDenialRow,
  listDenials as listDenialRows,
  lockDenials,
  readReach,
} from '../store/denial.ts'
import { resolvePerson } from '../store/principal.ts'
import type { Caller, Chat } from './chat.ts'

/** Each deletion looks through those that hold. */
const maxDenials = 1_000
const shownLifted = 1_000

/** denial.add: from the answer on nothing of it is deleted; what was before is in the answer. */
export function denyDelete(
  chat: Chat,
  caller: Caller,
  { dryRun, reason, ...scope }: Input<'denial.add'>,
): Promise<Result<'denial.add'>> {
  return deny(chat.db, caller.user.id, scope, reason, dryRun === true)
}

/** denial.list */
export async function listDenials(
  chat: Chat,
  _caller: Caller,
  { lifted }: Input<'denial.list'>,
): Promise<Result<'denial.list'>> {
  return { denials: await denialsOf(chat.db, lifted === true) }
}

/** denial.lift: refusals not_found, conflict. */
export function liftDenial(
  chat: Chat,
  caller: Caller,
  { denial, reason, dryRun }: Input<'denial.lift'>,
): Promise<Result<'denial.lift'>> {
  return lift(chat.db, caller.user.id, denial, reason, dryRun === true)
}

/** The same for the operator, who is on the machine. Refusals invalid_argument, not_found, conflict. */
export async function deny(
  db: Db,
  by: string,
  given: DenialScope,
  text: string,
  dryRun: boolean,
): Promise<Result<'denial.add'>> {
  const reason = checkedReason(text)
  const scope = await checkedScope(db, given)
  if (dryRun) return withReach({}, await readReach(db, scope))
  const id = await transaction(db, async tx => {
    await lockDenials(tx)
    if ((await countDenials(tx)) >= maxDenials)
      throw new Refusal('conflict', `There are ${maxDenials} denials already. Lift one, or widen one, first.`)
    return insertDenial(tx, by, scope, reason)
  })
  // Behind the commit: what is gone by now was gone before it, and counting holds up no deletion.
  return withReach({ denial: await denialOf(db, id) }, await readReach(db, scope))
}

function withReach<T extends object>(result: T, reach: Awaited<ReturnType<typeof readReach>>) {
  if (reach === undefined) return result
  const { missing, ...counts } = reach
  return { ...result, reach: { ...counts, ...(missing === undefined ? {} : { missing }) } }
}

export async function denialsOf(db: Db, lifted: boolean): Promise<Denial[]> {
  return (await listDenialRows(db, { lifted, limit: lifted ? shownLifted : maxDenials })).map(toDenial)
}

/** Refusals not_found, conflict. */
export async function lift(
  db: Db,
  by: string,
  id: string,
  text: string,
  dryRun: boolean,
): Promise<Result<'denial.lift'>> {
  const reason = checkedReason(text)
  const before = await denialOf(db, id)
  if (dryRun && !before.lifted) return withReach({ denial: before }, await readReach(db, scopeOf(before)))
  await transaction(db, async tx => {
    if (!(await liftDenialRow(tx, id, by, reason)))
      throw new Refusal('conflict', 'This denial was lifted already. See the list of those that were.')
  })
  return { denial: await denialOf(db, id) }
}

function scopeOf({ person, room, category, from, until }: Denial): DenialScope {
  return { person: person?.id, room: room?.id, category: category?.id, from, until }
}

function checkedReason(text: string): string {
  const reason = text.trim()
  if (reason === '') throw new Refusal('invalid_argument', 'Give a reason, such as the name of the matter.')
  return reason
}

/** Whose, where and when; at least one of them. Officers watch all rooms, so that none is hidden from them. */
async function checkedScope(q: Queryable, given: DenialScope): Promise<DenialScope> {
  const from = checkedInstant('from', given.from)
  const until = checkedInstant('until', given.until)
  if ([given.person, given.room, given.category, from, until].every(one => one === undefined))
    throw new Refusal('invalid_argument', 'Say what may not be deleted: person, room, category, from or until.')
  if (from !== undefined && until !== undefined && Date.parse(from) >= Date.parse(until))
    throw new Refusal('invalid_argument', 'until is not behind from, so that nothing is between them.')
  const person = given.person === undefined ? undefined : await resolvePerson(q, given.person)
  if (person && person.kind !== 'user')
    throw new Refusal('invalid_argument', 'person is a user: who is in a group changes. Give one denial for each.')
  const room = await checkedPlace(q, 'room', given.room)
  const category = await checkedPlace(q, 'category', given.category)
  return { person: person?.id, room, category, from, until }
}

async function checkedPlace(q: Queryable, kind: 'room' | 'category', ref: string | undefined) {
  if (ref === undefined) return undefined
  const id = await findScope(q, kind, ref)
  if (id === undefined) throw notFound(kind)
  if (id === 'several')
    throw new Refusal('invalid_argument', `More than one ${kind} was called ${JSON.stringify(ref)}. Give the id.`)
  return id
}

async function denialOf(q: Queryable, id: string): Promise<Denial> {
  const row = (await listDenialRows(q, { id }))[0]
  if (!row) throw notFound('denial')
  return toDenial(row)
}

function toDenial({ liftedBy, liftedAt, liftReason, from, until, at, ...row }: DenialRow): Denial {
  const { id, person, room, category, reason, by } = row
  return {
    ...{ id, reason, by, at: at.toISOString() },
    ...(person === null ? {} : { person }),
    ...(room === null ? {} : { room: toNamed(room) }),
    ...(category === null ? {} : { category: toNamed(category) }),
    ...(from === null ? {} : { from: from.toISOString() }),
    ...(until === null ? {} : { until: until.toISOString() }),
    ...(liftedBy && liftedAt ? { lifted: { by: liftedBy, at: liftedAt.toISOString(), reason: liftReason ?? '' } } : {}),
  }
}

function toNamed({ id, name }: { id: string; name: string | null }) {
  return { id, ...(name === null ? {} : { name }) }
}
