import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bench, nowhere, openBench, openSwallower, soon, tell, text } from '../../test/central-follower.ts'
import { openDb, transaction } from '../store/db.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

const publish: Bench['publish'] = (...args) => bench.publish(...args)
const follow: Bench['follow'] = (...args) => bench.follow(...args)
const kept = () => bench.kept()
const said = (level: string) => bench.said(level)

test('[CM12] a server takes the newest publication, keeps it on disk, and hears of each further one at once', async () => {
  await publish(text('a'))
  await publish(text('b'))
  const following = await follow()
  expect(following.topology()).toMatchObject({ version: 2, document: text('b'), author: 'ann@desk' })
  expect(await kept()).toEqual(following.topology())
  expect([following.notes(), bench.changes]).toEqual([[], []])
  const before = Date.now()
  await publish(text('c'))
  await soon(() => expect(bench.changes).toHaveLength(1))
  expect(Date.now() - before).toBeLessThan(10_000)
  expect(bench.changes[0]).toMatchObject({
    before: { version: 2 },
    after: { version: 3, document: text('c') },
    effect: { followed: ['name is c'], restart: [] },
  })
  expect(await kept()).toEqual(bench.changes[0]!.after)
})

test('[CM12] the replica has the change before it is told; one who fails to follow has it all the same', async () => {
  await publish(text('a'))
  const seen: number[] = []
  const following = await follow({
    onChange: async ({ after }) => {
      seen.push((await kept()).version - after.version)
      throw new Error('cannot')
    },
  })
  await publish(text('b'))
  await soon(() => expect(seen).toEqual([0]))
  await publish(text('c'))
  await soon(() => expect(seen).toEqual([0, 0]))
  expect(following.topology().version).toBe(3)
  expect(said('error')).toHaveLength(2)
})

test('[CM13] what was published without a word is found by looking', async () => {
  await publish(text('a'))
  await follow({ lookMs: 200 })
  // As where something between passes statements and no notifications.
  await bench.central.db.query('DROP TRIGGER publication_told ON publication')
  await publish(text('b'))
  await soon(() => expect(bench.changes.map(change => change.after.version)).toEqual([2]))
})

test('[CM13] a connection that the store ends is made anew at once, and what came meanwhile is found', async () => {
  await publish(text('a'))
  const following = await follow()
  for (let round = 2; round < 5; round += 1) {
    await transaction(bench.central.db, async tx => {
      await tx.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT central.id%'`,
      )
    })
    await publish(text(`v${round}`))
    await soon(() => expect(following.topology().version).toBe(round))
    await soon(() => expect(following.notes()).toEqual([]))
  }
})

test('[CM13] [CM14] a store that falls silent is noticed by the look, noted, and followed again when it is back', async () => {
  await publish(text('a'))
  const swallower = await openSwallower(bench.central.address.host)
  try {
    const { user, database } = bench.central.address
    const db = openDb(
      { connectionString: `postgres://${user}@127.0.0.1:${swallower.port}/${database}` },
      {
        ...{ max: 2, statementMs: 500 },
      },
    )
    bench.open.push({ db })
    const following = await follow({ db, lookMs: 200 })
    swallower.state.swallows = true
    await publish(text('b'))
    await soon(() => expect(following.notes()).toEqual(['topology store away']))
    expect(said('warn')).toEqual(['the Central Management Store is away; the replica of the topology stands'])
    expect(following.topology().version).toBe(1)
    swallower.state.swallows = false
    await soon(() => expect(following.topology().version).toBe(2))
    await soon(() => expect(following.notes()).toEqual([]))
    expect(said('info')).toContain('the Central Management Store is back')
    swallower.state.swallows = true
    const before = Date.now()
    await following.stop()
    expect(Date.now() - before).toBeLessThan(3_000)
  } finally {
    swallower.close()
  }
})

test('[CM13] a server stops at once, whatever the store does not answer', async () => {
  await publish(text('a'))
  const swallower = await openSwallower(bench.central.address.host)
  try {
    const { user, database } = bench.central.address
    const connectionString = `postgres://${user}@127.0.0.1:${swallower.port}/${database}`
    const following = await follow({ lookMs: 50 }, { connectionString })
    swallower.state.swallows = true
    await sleep(300)
    const before = Date.now()
    await following.stop()
    expect(Date.now() - before).toBeLessThan(2_000)
  } finally {
    swallower.close()
  }
})

test('[CM14] where the store is away a server starts from its replica, and says so', async () => {
  await publish(text('a'))
  await (await follow()).stop()
  bench.lines.length = 0
  const following = await follow({}, nowhere)
  expect(following.topology()).toMatchObject({ version: 1, document: text('a') })
  expect(following.notes()).toEqual(['topology store away'])
  expect(said('warn')).toEqual([
    'the Central Management Store is away; this server starts from its replica of the topology',
  ])
})

test('[CM14] a store that refuses the role is told as that', async () => {
  await publish(text('a'))
  const stranger = { ...bench.central.address, user: 'nobody_here' }
  await expect(follow({}, stranger)).rejects.toThrow(/refuses this server.*nobody_here.*Mend role, password/)
  await (await follow()).stop()
  const following = await follow({}, stranger)
  expect(following.notes()).toEqual(['topology store refuses'])
  expect(said('warn')).toEqual([expect.stringMatching(/refuses this server; this server starts from its replica/)])
})

test('[CM14] a store that takes connections and never answers does not hold up the start', async () => {
  await publish(text('a'))
  await (await follow()).stop()
  const mute = createServer(socket => void socket.on('error', () => {}))
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = mute.address() as { port: number }
    const before = Date.now()
    const address = { connectionString: `postgres://pchat@127.0.0.1:${port}/x` }
    const following = await follow({ patienceMs: 300 }, address)
    expect(Date.now() - before).toBeLessThan(3_000)
    expect(following.notes()).toEqual(['topology store away'])
    await following.stop()
  } finally {
    mute.close()
  }
})

test('[CM14] without replica and store, or where nothing is published, there is no start, and a sentence says why', async () => {
  await expect(follow({}, nowhere)).rejects.toThrow(/does not answer.*there is no replica.*Start again/)
  await expect(follow()).rejects.toThrow(/Nothing is published.*pchat topology publish FILE/)
  await writeFile(bench.file, 'half')
  await expect(follow({}, nowhere)).rejects.toThrow(/does not answer.*is no good \(it does not begin/)
})

test('[CM16] what wants a restart is told until the server has it or it is taken back; the rest is followed', async () => {
  await publish(text('a', 1))
  const following = await follow()
  await publish(text('b', 2))
  await soon(() => expect(bench.changes).toHaveLength(1))
  expect(following.restart()).toEqual(['port is 2'])
  expect(bench.changes[0]!.effect).toEqual({ followed: ['name is b'], restart: ['port is 2'] })
  expect(following.notes()).toEqual(['topology wants a restart'])
  await publish(text('c', 2))
  await soon(() => expect(bench.changes).toHaveLength(2))
  expect(bench.changes[1]!.effect).toEqual({ followed: ['name is c'], restart: [] })
  expect(following.notes()).toEqual(['topology wants a restart'])
  await publish(text('c', 1))
  await soon(() => expect(following.notes()).toEqual([]))
  await publish(text('c', 3))
  await soon(() => expect(following.restart()).toEqual(['port is 3']))
  await following.stop()
  expect((await follow()).notes()).toEqual([])
})

test('[CM16] where patience runs out while the replica is written, what wants a restart is told all the same', async () => {
  await publish(text('a', 1))
  await (await follow()).stop()
  await publish(text('a', 2))
  let isFirst = true
  const following = await follow({
    patienceMs: 400,
    tell(before, after) {
      // Patience is over when the replica begins to be written, and not when it is done.
      const until = isFirst ? Date.now() + 600 : 0
      isFirst = false
      while (Date.now() < until);
      return tell(before, after)
    },
  })
  await soon(() => expect(following.topology().version).toBe(2))
  await soon(() => expect(following.notes()).toEqual(['topology wants a restart']))
})

test('[CM13] a connection that breaks under a write is the store that is away, and no fault of the replica', async () => {
  await publish(text('a'))
  const db = openDb(bench.central.address, { max: 2 })
  let breaks = false
  const connect = async () => {
    const connection = await db.connect()
    const query = connection.query.bind(connection) as (...args: unknown[]) => unknown
    const broken = () => Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }))
    return Object.assign(connection, { query: (...args: unknown[]) => (breaks ? broken() : query(...args)) })
  }
  const following = await follow({ db: { ...db, query: db.query.bind(db), end: async () => {}, connect }, lookMs: 100 })
  bench.open.push({ db })
  breaks = true
  await soon(() => expect(following.notes()).toEqual(['topology store away']))
  breaks = false
  await soon(() => expect(following.notes()).toEqual([]))
  await following.stop()
})
