import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bench, openBench, soon, text } from '../../test/central-follower.ts'
import { hashOf } from './central.ts'
import { writeReplica } from './replica.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

const publish: Bench['publish'] = (...args) => bench.publish(...args)
const follow: Bench['follow'] = (...args) => bench.follow(...args)
const kept = () => bench.kept()
const said = (level: string) => bench.said(level)

test('[CM11] a torn replica is told and read anew from the store', async () => {
  await publish(text('a'))
  await (await follow()).stop()
  const whole = await readFile(bench.file, 'utf8')
  await writeFile(bench.file, whole.slice(0, -20))
  const following = await follow()
  expect(following.topology().version).toBe(1)
  expect(said('error')).toEqual(['the replica of the topology is torn or was altered; it is read anew'])
  expect(await readFile(bench.file, 'utf8')).toBe(whole)
})

test('[CM11] a replica that was altered under a good checksum is told and read anew, as soon as the store answers', async () => {
  await publish(text('a'))
  await (await follow()).stop()
  const document = text('evil', 6)
  await writeReplica(bench.file, { ...(await kept()), document, hash: hashOf(document) })
  const following = await follow()
  expect(following.topology()).toMatchObject({ version: 1, document: text('a') })
  expect(said('error')).toEqual(['the replica of the topology was altered; it is read anew'])
  expect(await kept()).toEqual(following.topology())
  await following.stop()
  await writeReplica(bench.file, { ...(await kept()), document, hash: hashOf(document) })
  // What it began with while the store was away wants a restart.
  await bench.central.db.query('ALTER TABLE publication RENAME TO elsewhere')
  const again = await follow({ lookMs: 200 })
  expect(again.topology().document).toBe(document)
  await bench.central.db.query('ALTER TABLE elsewhere RENAME TO publication')
  await soon(() => expect(again.notes()).toEqual(['topology wants a restart']))
  expect(again.topology().document).toBe(text('a'))
})

test('[CM17] what this program does not understand is not followed: it stays with what it has, and says so', async () => {
  await publish(text('a'))
  const following = await follow()
  await publish('a: newer form\n')
  await soon(() => expect(following.notes()).toEqual(['topology not understood']))
  expect(said('error')).toEqual([expect.stringMatching(/does not understand version 2.*stays.*no such option/)])
  expect([following.topology().version, (await kept()).version, bench.changes]).toEqual([1, 1, []])
  await following.stop()
  const again = await follow()
  expect([again.topology().version, again.notes()]).toEqual([1, ['topology not understood']])
  await publish(text('b'))
  await soon(() => expect(again.topology().version).toBe(3))
  expect(again.notes()).toEqual([])
})

test('[CM17] a text that was altered in the store is not followed', async () => {
  await publish(text('a'))
  const following = await follow({ lookMs: 200 })
  await bench.central.db.query(
    `SET session_replication_role = replica; ${altered}; SET session_replication_role = DEFAULT`,
  )
  await soon(() => expect(following.notes()).toEqual(['topology altered']))
  expect(following.topology().version).toBe(1)
})
const altered = `INSERT INTO publication (version, based_on, document, hash, author, role, at, mark)
  VALUES (2, 1, 'port: 9', repeat('0', 64), 'x', 'x', now(), gen_random_uuid())`

test('[CM17] what cannot be written into the replica is not followed until it can', async () => {
  const place = join(bench.folder, 'sub')
  await mkdir(place)
  await publish(text('a'))
  const following = await follow({ replica: join(place, 'topology-replica.json'), lookMs: 200 })
  await rename(place, `${place}-away`)
  await publish(text('b'))
  await soon(() => expect(following.notes()).toEqual(['topology replica not written']))
  expect([following.topology().version, bench.changes]).toEqual([1, []])
  await rename(`${place}-away`, place)
  await soon(() => expect(following.topology().version).toBe(2))
  expect(bench.changes).toHaveLength(1)
})

test('[CM17] a server that has no place any more keeps the last topology that had one, also when it starts again', async () => {
  await publish(text('a'))
  const following = await follow()
  await publish(text('gone'))
  await soon(() => expect(following.notes()).toEqual(['topology without this server']))
  expect(said('error')).toEqual([expect.stringMatching(/Version 2.*no place.*stays with version 1.*drain and stop/)])
  await following.stop()
  const again = await follow()
  expect([again.topology().version, (await kept()).version]).toEqual([1, 1])
  expect(again.notes()).toEqual(['topology without this server'])
  await publish(text('b'))
  await soon(() => expect(again.topology().version).toBe(3))
  expect(again.notes()).toEqual([])
})

test('[CM17] a server that never had a place does not start', async () => {
  await publish(text('gone'))
  await expect(follow()).rejects.toThrow(/Version 1 of the topology has no place for this server: it is not in it/)
  expect(await kept()).toBeUndefined()
})
