import { setTimeout as sleep } from 'node:timers/promises'
import { call } from './ask-http.ts'
import type { findFaults } from './kill-check.ts'
import { openReader, type Stage } from './kill-clients.ts'
import type { Pchat } from './pchat.ts'

type Tried = Parameters<typeof findFaults>[0]

const admin = 'admin@example.com'
const password = 'correct horse battery'
/** What a server that is killed is started with. */
export const killEnv = { PCHAT_ADMIN_USER: admin, PCHAT_ADMIN_PASSWORD: password, PCHAT_LOG_LEVEL: 'error' }

/** Users with their tokens and rooms that all of them may post in; the administrator's own token. */
export async function prepare(url: string, users: number, roomCount: number) {
  const { token } = await call(url, undefined, 'session.signIn', { user: admin, password })
  await call(url, token, 'settings.update', { settings: { trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
  const people: string[] = []
  for (let n = 0; n < users; n += 1) {
    const name = `user${n}@example.com`
    await call(url, token, 'principal.create', { kind: 'user', name, displayName: name, password })
    people.push((await call(url, undefined, 'session.signIn', { user: name, password })).token)
  }
  const { category } = await call(url, token, 'category.create', { name: 'all', allowedMembers: ['example.com'] })
  const rooms: string[] = []
  for (let n = 0; n < roomCount; n += 1) {
    const { room } = await call(url, token, 'room.create', { category: category.id, name: `room ${n}`, members: null })
    rooms.push(room.id)
  }
  return { token, people, rooms: rooms.sort() }
}

/** One of each kind: what was missed comes by the list of changes, or by joining anew. */
export function openReaders(stage: Stage, people: readonly string[], ends: Promise<Map<string, number>>) {
  return [
    openReader(stage, people[0]!, 'reader by sync', ends, 'session.sync'),
    openReader(stage, people[1]!, 'reader by join', ends, 'room.join'),
  ]
}

/** Until something more was acknowledged: the last kill is recovered from. */
export async function progress(acknowledged: () => number, server: Pchat, patienceMs: number): Promise<void> {
  const before = acknowledged()
  for (const deadline = Date.now() + patienceMs; acknowledged() <= before; await sleep(10))
    if (Date.now() > deadline) throw new Error(`nothing is acknowledged any more:\n${server.said().slice(-2_000)}`)
}

/** What each reader has of each room. */
export function readingsOf(readers: ReturnType<typeof openReaders>, rooms: readonly string[]) {
  return readers.flatMap(reader => rooms.map(room => ({ reader: reader.name, room, messages: reader.read(room) })))
}

/** Posts that nobody was ever told the fate of. */
export function unanswered(tried: Tried): string[] {
  return tried
    .filter(post => post.acknowledged.length === 0)
    .map(({ clientId }) => `post ${clientId} was never answered`)
}
