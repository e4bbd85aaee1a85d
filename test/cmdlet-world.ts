import { randomUUID } from 'node:crypto'
import type { Site } from './harness.ts'
import type { SiteShell } from './shell.ts'

export type World = { site: Site; pchat: SiteShell; folder: string; fresh(): string }
/** `room set --members-none --members-all`: the verb, and the options whose effect the check shows. */
export type Effect = [what: string, check: (world: World) => Promise<void>]

let made = 0
export const fresh = () => {
  made += 1
  return `thing ${made}`
}

/** A category that has everybody in its scope, with a room in it. */
export async function roomIn({ pchat, fresh }: World, ...args: string[]) {
  const category = fresh()
  const room = fresh()
  await pchat.json('category', 'new', category)
  await pchat.json('category', 'set', category, '--allowed-members', 'example.com,Team')
  await pchat.json('room', 'new', room, '--category', category, ...args)
  return { category, room, get: () => pchat.json('room', 'get', room) }
}

/** Such a room with these messages in it. */
export async function posted(world: World, ...texts: string[]) {
  const found = await roomIn(world)
  await world.pchat.json('room', 'set', found.room, '--members', 'admin@example.com,ann@example.com,bob@example.com')
  const { room } = await found.get()
  for (const text of texts) await world.site.admin.call('message.post', { room: room.id, clientId: randomUUID(), text })
  const list = async () =>
    (await world.site.admin.call('message.list', { room: room.id, limit: 100 })).messages.map(one =>
      'text' in one ? one.text : null,
    )
  return { ...found, id: room.id as string, list }
}

export const names = (list: { name: string }[]) => list.map(one => one.name).sort()
export const roomNames = (answer: { rooms: { room: { name: string } }[] }) =>
  answer.rooms.map(one => one.room.name).sort()
