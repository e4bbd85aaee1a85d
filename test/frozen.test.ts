import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from './folder.ts'
import { openSite, personAt, type Site } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { openStore } from './race-server.ts'

let site: Site
let other: Pchat
let folder: string
beforeAll(async () => {
  site = await openSite()
  folder = await makeFolder('pchat-frozen')
  const { host, user, database } = site.database.address
  const url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  other = runPchat(['start', '--port', '0', '--data-dir', folder, '--database-url', url, '--server', 'other'])
})
afterAll(async () => {
  other.kill('SIGKILL')
  await other.ended
  await site.stop()
  await rm(folder, { recursive: true, force: true })
})

test('[FO7] a server that freezes in the middle of a batch holds up nobody, and what it had under way is found out when it thaws', async () => {
  const category = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, members: null })
  const [ann, ben] = [await site.addUser('ann@example.com'), await site.addUser('ben@example.com')]
  const hers = await personAt(await other.ready(), ann.token, ann.me).open()
  const his = await ben.open()
  await his.call('room.join', { room: room.id })
  const store = await openStore(site)
  // What locks the room waits for this, so that the batch is under way when the server freezes.
  const held = await site.db.connect()
  await held.query('BEGIN')
  await held.query('SELECT FROM room_head WHERE room = $1 FOR UPDATE', [room.id])
  const clientId = randomUUID()
  const post = { room: room.id, clientId, text: 'under way' }
  const frozen = hers.ask('message.post', post)
  await store.waiting(1)
  other.kill('SIGSTOP')
  // Its statement goes on in the store, and the transaction then waits for a process that does not run.
  await held.query('ROLLBACK')
  held.release()
  expect((await his.post(room.id, 'goes on')).seq).toBe(1)
  const change = await site.admin.ask('room.update', { room: room.id, description: 'changed meanwhile' })
  expect(change.error).toBeUndefined()
  other.kill('SIGCONT')
  expect((await frozen).error?.code).toBe('unavailable')
  for (;;) {
    const again = await hers.ask('message.post', post)
    if (again.error?.code === 'unavailable') continue
    expect(again.result).toMatchObject({ seq: 2, repeated: false })
    break
  }
  await his.hears('message.posted', event => event.message.clientId === clientId)
  expect(his.heard('message.posted').map(event => event.message.text)).toEqual(['goes on', 'under way'])
})

test('[FO7] what a server had sent to the store with its COMMIT before it froze is done, and it finds that out when it thaws', async () => {
  const category = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, members: null })
  const [cid, dora] = [await site.addUser('cid@example.com'), await site.addUser('dora@example.com')]
  const his = await personAt(await other.ready(), cid.token, cid.me).open()
  const hers = await dora.open()
  await hers.call('room.join', { room: room.id })
  const store = await openStore(site)
  const paused = await store.pause()
  const post = { room: room.id, clientId: randomUUID(), text: 'pause here' }
  const frozen = his.ask('message.post', post)
  await store.waiting(1)
  other.kill('SIGSTOP')
  await paused.go()
  expect((await hers.post(room.id, 'goes on')).seq).toBe(2)
  other.kill('SIGCONT')
  const first = await frozen
  expect(first.result?.seq ?? first.error?.code).toBeOneOf([1, 'unavailable'])
  for (;;) {
    const again = await his.ask('message.post', post)
    if (again.error?.code === 'unavailable') continue
    expect(again.result).toMatchObject({ seq: 1, repeated: true })
    break
  }
  await hers.hears('message.posted', event => event.message.seq === 2)
  expect(hers.heard('message.posted').map(event => event.message.text)).toEqual(['pause here', 'goes on'])
})
