import { refusePolicy, refuseRoom } from '../domain/access.ts'
import type { Stamp } from '../domain/stamp.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import { type Access, readAccess, readPerson } from '../store/access.ts'
import type { Connection } from '../store/db.ts'
import type { Opened } from '../store/post.ts'
import type { Waiting } from './post-draft.ts'

/** What becomes of each post of a batch. */
export type Plan = {
  fresh: Waiting[]
  repeats: { post: Waiting; seq: number; atMs: number }[]
  /** Same room, author and client id in one batch: the first one's answer is theirs. */
  twins: Map<Waiting, Waiting[]>
  refused: { post: Waiting; refusal: Refusal }[]
  stamps: Map<string, Stamp>
}

export type Planner = {
  /** Under the locks of the batch. */
  plan(connection: Connection, batch: Waiting[], opened: Opened): Promise<Plan>
  forget(): void
}

/** Decisions kept; each is good for exactly the stamp under which it was made. */
const maxDecisions = 200_000

export function openPlanner(site: string | undefined): Planner {
  /** By room, then by author: one key of both would be built for each post. */
  const decisions = new Map<string, Map<string, Access>>()
  let kept = 0

  /** In this order: twins, access, repeats, state. */
  async function plan(connection: Connection, batch: Waiting[], opened: Opened): Promise<Plan> {
    const stamps = stampsOf(opened)
    const made: Plan = { fresh: [], repeats: [], twins: new Map(), refused: [], stamps }
    // What was refused has no twins: nothing stands under its client id.
    const taken = new Map<string, Waiting[]>()
    await learn(connection, batch, stamps)
    for (const [place, post] of batch.entries()) {
      const same = taken.get(post.clientId)
      const earlier = same?.find(other => other.room === post.room && other.author.id === post.author.id)
      if (earlier) {
        if (earlier.content === post.content) made.twins.set(earlier, [...(made.twins.get(earlier) ?? []), post])
        else made.refused.push({ post, refusal: otherContent() })
        continue
      }
      const access = stamps.has(post.room) ? decisions.get(post.room)?.get(post.author.id) : undefined
      const refusal = access
        ? refuseRoom('post', access.person, access.scope, access.facts)
        : await refuseUnknown(connection, post)
      if (refusal && refusal.code !== 'room_disabled') {
        made.refused.push({ post, refusal })
        continue
      }
      const repeat = opened.repeats.get(place)
      if (repeat && repeat.content !== post.content) made.refused.push({ post, refusal: otherContent() })
      else if (!repeat && refusal) made.refused.push({ post, refusal })
      else {
        if (repeat) made.repeats.push({ post, seq: repeat.seq, atMs: repeat.atMs })
        else made.fresh.push(post)
        if (same) same.push(post)
        else taken.set(post.clientId, [post])
      }
    }
    return made
  }

  /** No such room: who may not use Persistent Chat hears that instead, as he would of a room that exists. */
  async function refuseUnknown(connection: Connection, post: Waiting): Promise<Refusal> {
    const person = await readPerson(connection, post.author.id, site)
    return person && !person.enabled && !person.administrator ? refusePolicy() : notFound('room')
  }

  /** Makes sure that there is a decision under the stamp just read for each post; what came under a stale one is read anew, under the locks. */
  async function learn(connection: Connection, posts: Waiting[], stamps: Map<string, Stamp>) {
    const stale = new Map<string, { user: string; room: string }>()
    for (const { room, author } of posts) {
      const stamp = stamps.get(room)
      if (!stamp) continue
      const known = decisions.get(room)?.get(author.id)
      if (!(known && isSame(known.stamp, stamp))) stale.set(`${author.id}/${room}`, { user: author.id, room })
    }
    if (stale.size === 0) return
    if (kept > maxDecisions) forget()
    const found = await readAccess(connection, [...stale.values()], site)
    for (const [key, { user, room }] of stale) keep(user, room, found.get(key))
  }

  function keep(user: string, room: string, access: Access | undefined) {
    const ofRoom = decisions.get(room) ?? new Map<string, Access>()
    kept -= ofRoom.size
    if (access) ofRoom.set(user, access)
    else ofRoom.delete(user)
    kept += ofRoom.size
    if (ofRoom.size > 0) decisions.set(room, ofRoom)
    else decisions.delete(room)
  }

  function forget() {
    decisions.clear()
    kept = 0
  }

  return { plan, forget }
}

/** Of the rooms that are there. */
function stampsOf({ rooms, categories, directory, settings }: Opened): Map<string, Stamp> {
  const stamps = new Map<string, Stamp>()
  for (const [room, { category, listVersion }] of rooms) {
    const scope = categories.get(category)?.scopeVersion
    if (scope !== undefined) stamps.set(room, { room: listVersion, scope, directory, settings })
  }
  return stamps
}

function isSame(a: Stamp, b: Stamp): boolean {
  return a.room === b.room && a.scope === b.scope && a.directory === b.directory && a.settings === b.settings
}

function otherContent(): Refusal {
  return new Refusal('conflict', 'Another message was posted under this clientId. Give the new one an id of its own.')
}
