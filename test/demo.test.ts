import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { demoPassword } from '../src/cli/demo.ts'
import type { Result } from '../src/protocol/request.ts'
import { makeFolder } from './folder.ts'
import { type Person, personAt } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'

let demo: Pchat
let url: string
let folder: string
beforeAll(async () => {
  folder = await makeFolder('demo')
  demo = runPchat(['demo', '--port', '0', '--data-dir', `${folder}/data`, '--log-level', 'error'])
  url = await demo.ready()
}, 120_000)
afterAll(async () => {
  demo.kill('SIGTERM')
  expect(await demo.ended).toBe(0)
  await rm(folder, { recursive: true, force: true })
}, 30_000)

async function signIn(account: string): Promise<Person> {
  const response = await fetch(`${url}/api/v1/session.signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: `${account}@meridian.example`, password: demoPassword }),
  })
  const { result } = (await response.json()) as { result: Result<'session.signIn'> }
  return personAt(url, result.token, result.me)
}

const named = async (person: Person) => (await person.call('room.find', { limit: 1000 })).rooms

test('[DM1] the demo has rooms of every kind and some thousand messages, and says how to sign in', async () => {
  const rooms = await named(await signIn('admin'))
  for (const privacy of ['open', 'closed', 'secret']) expect(rooms.some(room => room.privacy === privacy)).toBe(true)
  expect(rooms.some(room => room.type === 'auditorium')).toBe(true)
  expect(rooms.some(room => room.disabled)).toBe(true)
  expect(rooms.some(room => !room.chatHistory)).toBe(true)
  const ends = new Map<string, number>()
  for (const account of ['victor', 'tara', 'anna', 'ines'])
    for (const room of await named(await signIn(account))) if (room.lastSeq) ends.set(room.id, room.lastSeq)
  expect([...ends.values()].reduce((sum, seq) => sum + seq, 0)).toBeGreaterThan(3_000)
  expect(demo.said()).toContain(demoPassword)
})

test('[DM2] its walls stand: traders and analysts do not know of each other’s rooms, and each follows some of his own', async () => {
  const [trader, analyst] = [await signIn('tara'), await signIn('anna')]
  const names = (rooms: { name: string }[]) => rooms.map(room => room.name)
  expect(names(await named(trader))).toContain('Rates desk')
  expect(names(await named(trader))).not.toContain('Equity drafts')
  expect(names(await named(analyst))).toContain('Equity drafts')
  expect(names(await named(analyst))).not.toContain('Rates desk')
  const live = await trader.open()
  const sync = await live.call('session.sync', {})
  expect(sync.rooms.length).toBeGreaterThan(3)
  expect(sync.rooms.some(room => room.unread > 0)).toBe(true)
  await live.close()
})
