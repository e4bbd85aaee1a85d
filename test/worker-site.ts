import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { expect } from 'vitest'
import { type Live, type Person, signInAt } from './harness.ts'
import { holderOf } from './worker-place.ts'

export const admin = 'admin@example.com'
/** Each start is several whole processes, on a machine that may be busy with others. */
export const patience = { timeout: 60_000, interval: 100 }

const sessions = new Set<Live>()

export function endSessions(): void {
  for (const live of sessions) live.socket.terminate()
  sessions.clear()
}

export const countSessions = () => sessions.size

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

export async function openLive(person: Person): Promise<Live> {
  const live = await person.open()
  sessions.add(live)
  return live
}

export function holder(live: Live, pids: number[], url: string): Promise<number | undefined> {
  const { localPort } = (live.socket as unknown as { _socket: Socket })._socket
  return holderOf(pids, Number(new URL(url).port), localPort ?? 0)
}

/** One live session at each worker, by process. */
export async function openEach(person: Person, pids: number[], url: string): Promise<Map<number, Live>> {
  const found = new Map<number, Live>()
  for (let tries = 0; found.size < pids.length && tries < 40; tries += 1) {
    const live = await openLive(person)
    const pid = await holder(live, pids, url)
    if (pid !== undefined && !found.has(pid)) found.set(pid, live)
  }
  expect(found.size).toBe(pids.length)
  return found
}

/** A room of its own, and the administrator; nobody is stopped by limits. */
export async function openRoom(url: string): Promise<{ person: Person; room: string }> {
  const person = await signInAt(url, admin)
  await person.call('settings.update', { settings: { trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
  const { category } = await person.call('category.create', { name: randomUUID(), allowedMembers: ['example.com'] })
  const { room } = await person.call('room.create', { category: category.id, name: randomUUID(), members: null })
  return { person, room: room.id }
}

/** What is said at one worker is heard at all. */
export async function talkAcross(url: string, pids: number[]): Promise<void> {
  const { person, room } = await openRoom(url)
  const lives = [...(await openEach(person, pids, url)).values()]
  for (const live of lives) await live.call('room.join', { room })
  for (const [index, live] of lives.entries()) {
    await live.post(room, `from ${index}`)
    for (const other of lives)
      await other.hears('message.posted', ({ message }) => 'text' in message && message.text === `from ${index}`)
  }
  // Nothing but the bus brings this one: messages that it lost would be found by the sweep.
  const [first, ...others] = lives
  await first!.call('room.follow', { room })
  for (const other of others) await other.hears('room.followed', event => event.room === room)
}

/** Those without labels. */
export async function metricsOf(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return new Map([...text.matchAll(/^(\w+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]))
}
