import { randomUUID } from 'node:crypto'
import type { Category } from '../src/protocol/category.ts'
import type { Input } from '../src/protocol/request.ts'
import type { Room } from '../src/protocol/room.ts'
import { type Live, openSite, type Person, type Site } from './harness.ts'

/** A site with people: alice, bob and carol of example.com, zoe of other.org, and a category for example.com. */
export type Stage = Site & {
  alice: Person
  bob: Person
  /** Creator of the category. */
  carol: Person
  /** Outside the scope. */
  zoe: Person
  category: Category
  /** A Closed room of the category with alice and bob as members, unless said otherwise. */
  room(more?: Partial<Input<'room.create'>>): Promise<Room>
  /** Another category for example.com. */
  sameScope(more?: Partial<Input<'category.create'>>): Promise<Category>
}

export async function openStage(more: Parameters<typeof openSite>[0] = {}): Promise<Stage> {
  const site = await openSite(more)
  const [alice, bob, carol, zoe] = await Promise.all(
    ['alice@example.com', 'bob@example.com', 'carol@example.com', 'zoe@other.org'].map(name => site.addUser(name)),
  )
  const sameScope = (input: Partial<Input<'category.create'>> = {}) =>
    site.addCategory({ allowedMembers: ['example.com'], creators: ['carol@example.com'], ...input })
  const category = await sameScope()
  return {
    ...site,
    alice: alice!,
    bob: bob!,
    carol: carol!,
    zoe: zoe!,
    category,
    room: (input = {}) =>
      site.addRoom({ category: category.id, members: ['alice@example.com', 'bob@example.com'], ...input }),
    sameScope,
  }
}

/** Posts `texts` in order; answers the last sequence. */
export async function postAll(by: Pick<Person, 'call'>, room: string, texts: string[]): Promise<number> {
  let last = 0
  for (const text of texts) last = (await by.call('message.post', { room, clientId: randomUUID(), text })).seq
  return last
}

/** Many posts of one session, sent without waiting. */
export async function postMany(live: Live, room: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => live.post(room, `line ${i + 1}`)))
}

export const names = (principals: { name: string }[] | null | undefined) =>
  (principals ?? []).map(one => one.name).sort()

export const seqs = (messages: { seq: number }[]) => messages.map(message => message.seq)

export const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Asks until the answer is what was wanted, for what reaches others a moment later. */
export async function until(holds: () => Promise<boolean> | boolean, what = String(holds)): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
    await pause(20)
  }
}
