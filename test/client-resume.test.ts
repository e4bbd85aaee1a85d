import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type Client, connect } from '../src/client/client.ts'
import { openSite, password, type Site } from './harness.ts'

let site: Site
const open: Client[] = []

beforeAll(async () => {
  site = await openSite()
})
afterAll(async () => {
  for (const client of open) client.close()
  await site.stop()
})

/** Reaches that server only: the client tries the others of the pool in vain. */
function reaching(port: string) {
  return class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(new URL(url).port === port ? url : 'ws://127.0.0.1:9/ws', protocols)
    }
  }
}

/** A user of his own in an open room, with a client at `url`. */
async function openClient(name: string, url: string, catchUp: 'newest' | 'all'): Promise<Client> {
  await site.addUser(name)
  const webSocket = reaching(new URL(url).port)
  const client = connect({ url, signIn: { user: name, password }, catchUp, random: () => 0, webSocket })
  open.push(client)
  await client.ready()
  return client
}

test('[CL3] [CL5] while its server is away a client misses nothing, and hears each message once', async () => {
  const category = await site.addCategory({ allowedMembers: [site.admin.me.name.split('@')[1]!] })
  const room = (await site.addRoom({ category: category.id, privacy: 'open' })).id
  const server = await site.another()
  const { port } = new URL(server.url)
  const all = await openClient('all@example.com', server.url, 'all')
  const newest = await openClient('newest@example.com', server.url, 'newest')
  const told = { all: [] as number[], newest: [] as number[] }
  all.on('message.posted', ({ message }) => told.all.push(message.seq))
  newest.on('message.posted', ({ message }) => told.newest.push(message.seq))
  await all.join(room)
  await newest.join(room)
  const live = await (await site.addUser('writer@example.com')).open()
  await live.post(room, 'before')
  await vi.waitFor(() => expect(told).toEqual({ all: [1], newest: [1] }), 5000)

  await server.stop()
  for (let count = 2; count <= 45; count += 1) await live.post(room, `missed ${count}`)
  const pending = all.post(room, { text: 'written while away' })
  await site.another({ port: Number(port) })

  expect(await pending).toMatchObject({ seq: 46 })
  // The other client may come back later, and is to hear what follows live.
  await vi.waitFor(() => expect(told.newest.at(-1)).toBe(46), 10_000)
  await live.post(room, 'after')
  const seqs = Array.from({ length: 47 }, (_, index) => index + 1)
  await vi.waitFor(() => expect(told.all).toEqual(seqs), 10_000)
  await vi.waitFor(() => expect(told.newest.at(-1)).toBe(47), 10_000)
  // The server sends 30 at once; the rest is a hole that a view fills when somebody looks at it.
  const heard = told.newest.slice(1)
  expect(heard).toEqual(seqs.slice(-heard.length))
  expect(heard.length).toBeGreaterThan(30)
  expect(heard.length).toBeLessThan(40)
  expect(newest.room(room)?.ranges).toHaveLength(2)
  await newest.fill(room, { from: 1, through: 47 })
  expect(newest.room(room)?.messages.map(({ seq }) => seq)).toEqual(seqs)
  expect(newest.room(room)?.messages).toEqual(all.room(room)?.messages)
  await live.close()
}, 60_000)
