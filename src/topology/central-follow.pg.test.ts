import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openEmptyDatabase, type TestDatabase } from '../../test/database.ts'
import { readTools } from '../../test/tools.ts'
import type { Log } from '../base/log.ts'
import { type Db, openDb, transaction } from '../store/db.ts'
import { adoptCentral, publishTopology, readPublication } from './central.ts'
import { type Change, type Effect, type Following, followCentral } from './central-follow.ts'
import { openCentral } from './central-place.ts'
import { migrateCentral } from './central-schema.ts'
import { type Replica, readReplica } from './replica.ts'

let central: TestDatabase
let folder: string
let file: string
let lines: { level: string; text: string; context: object }[]
let changes: Change[]
let open: { db: Db; following?: Following }[]

beforeEach(async () => {
  ;[lines, changes, open] = [[], [], []]
  ;[central, folder] = await Promise.all([openEmptyDatabase(), mkdtemp(join(tmpdir(), 'pchat-follow-'))])
  file = join(folder, 'topology-replica.json')
  await migrateCentral(central.db)
})
afterEach(async () => {
  for (const { db, following } of open) {
    await following?.stop()
    await db.end()
  }
  await central.drop()
  await rm(folder, { recursive: true, force: true })
})

const log = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map(level => [
    level,
    (context: object, text: string) => void lines.push({ level, text, context }),
  ]),
) as Log
const said = (level: string) => lines.filter(line => line.level === level).map(line => line.text)

/** A document says `port: n` and `name: x`: another name is followed, another port wants a restart. */
function tell(before: string, after: string): Effect {
  const [one, other] = [before, after].map(text => {
    const [, port, name] = /^port: (\d+)\nname: (\w+)\n$/.exec(text) ?? []
    if (name === undefined) throw new Error('no such option')
    return { port, name }
  })
  return {
    followed: one!.name === other!.name ? [] : [`name is ${other!.name}`],
    restart: one!.port === other!.port ? [] : [`port is ${other!.port}`],
  }
}
const text = (name: string, port = 1) => `port: ${port}\nname: ${name}\n`

async function publish(document: string, db: Db = central.db): Promise<void> {
  const version = (await readPublication(db))?.version ?? 0
  await publishTopology(db, { document, author: 'ann@desk', note: '' }, { version }, { errors: [], advice: [] })
}

async function follow(
  more: Partial<Parameters<typeof followCentral>[0]> = {},
  address: Parameters<typeof openCentral>[0] = central.address,
): Promise<Following> {
  const one: (typeof open)[number] = { db: openCentral(address) }
  open.push(one)
  one.following = await followCentral({
    ...{ db: one.db, replica: file, tell, log, onChange: change => void changes.push(change) },
    ...{ lookMs: 60_000, ...more },
  })
  return one.following
}
const kept = async () => (await readReplica(file)) as Replica
const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 30 })
const nowhere = { host: '/nonexistent', user: 'pchat', database: 'nowhere' }

test('[CM12] a server takes the newest publication, keeps it on disk, and hears of each further one at once', async () => {
  await publish(text('a'))
  await publish(text('b'))
  const following = await follow()
  expect(following.topology()).toMatchObject({ version: 2, document: text('b'), author: 'ann@desk' })
  expect(await kept()).toEqual(following.topology())
  expect([following.notes(), changes]).toEqual([[], []])
  const before = Date.now()
  await publish(text('c'))
  await soon(() => expect(changes).toHaveLength(1))
  expect(Date.now() - before).toBeLessThan(10_000)
  expect(changes[0]).toMatchObject({
    before: { version: 2 },
    after: { version: 3, document: text('c') },
    effect: { followed: ['name is c'], restart: [] },
  })
  expect(await kept()).toEqual(changes[0]!.after)
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
  await central.db.query('DROP TRIGGER publication_told ON publication')
  await publish(text('b'))
  await soon(() => expect(changes.map(change => change.after.version)).toEqual([2]))
})

test('[CM13] a connection that the store ends is made anew at once, and what came meanwhile is found', async () => {
  await publish(text('a'))
  const following = await follow()
  for (let round = 2; round < 5; round += 1) {
    await transaction(central.db, async tx => {
      await tx.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT central.id%'`,
      )
    })
    await publish(text(`v${round}`))
    await soon(() => expect(following.topology().version).toBe(round))
    await soon(() => expect(following.notes()).toEqual([]))
  }
})

/** Passes bytes on until it is told to swallow them: both ends then believe that they are connected. */
async function openSwallower(socketFolder: string) {
  const sockets = new Set<Socket>()
  const state = { swallows: false }
  const server: Server = createServer(client => {
    const upstream = openSocket(join(socketFolder, '.s.PGSQL.5432'))
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', chunk => state.swallows || to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    state,
    port,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

test('[CM13] [CM14] a store that falls silent is noticed by the look, noted, and followed again when it is back', async () => {
  await publish(text('a'))
  const swallower = await openSwallower(central.address.host)
  try {
    const { user, database } = central.address
    const db = openDb(
      { connectionString: `postgres://${user}@127.0.0.1:${swallower.port}/${database}` },
      {
        ...{ max: 2, statementMs: 500 },
      },
    )
    open.push({ db })
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
  const swallower = await openSwallower(central.address.host)
  try {
    const { user, database } = central.address
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
  lines = []
  const following = await follow({}, nowhere)
  expect(following.topology()).toMatchObject({ version: 1, document: text('a') })
  expect(following.notes()).toEqual(['topology store away'])
  expect(said('warn')).toEqual([
    'the Central Management Store is away; this server starts from its replica of the topology',
  ])
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
  await writeFile(file, 'half')
  await expect(follow({}, nowhere)).rejects.toThrow(/does not answer.*is no good \(it does not begin/)
})

test('[CM11] a torn replica is told and read anew from the store', async () => {
  await publish(text('a'))
  await (await follow()).stop()
  const whole = await readFile(file, 'utf8')
  await writeFile(file, whole.slice(0, -20))
  const following = await follow()
  expect(following.topology().version).toBe(1)
  expect(said('error')).toEqual(['the replica of the topology is torn or was altered; it is read anew'])
  expect(await readFile(file, 'utf8')).toBe(whole)
})

/** The store as a dump of its database would bring it back. */
async function dumpOf(): Promise<{ restore(): Promise<void> }> {
  const { host, user, database } = central.address
  const copy = `${database}_copy`
  const ask = async (sql: string) => {
    const db = openDb({ host, user, database: 'postgres' }, { max: 1 })
    await db.query(sql).finally(() => db.end())
  }
  const endAll = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ='
  await ask(`${endAll} '${database}'`)
  await ask(`CREATE DATABASE ${copy} TEMPLATE ${database}`)
  return {
    async restore() {
      await ask(`DROP DATABASE ${database} WITH (FORCE)`)
      await ask(`CREATE DATABASE ${database} TEMPLATE ${copy}`)
    },
  }
}

test('[CM15] a store that was restored from an older copy is told loudly and not followed, until it is adopted', async () => {
  await publish(text('a'))
  await publish(text('b'))
  const dump = await dumpOf()
  const following = await follow({ lookMs: 200 })
  await publish(text('c'))
  await soon(() => expect(following.topology().version).toBe(3))
  await dump.restore()
  await soon(() => expect(following.notes()).toContain('topology store behind'))
  expect(said('error').at(-1)).toMatch(/has version 2, older than version 3 of this server.*pchat topology adopt/)
  // Published to since: the same number again, and beyond it.
  await publish(text('d'))
  await soon(() => expect(following.notes()).toEqual(['topology store parted']))
  await publish(text('e'))
  await sleep(500)
  expect([following.topology().document, (await kept()).document]).toEqual([text('c'), text('c')])
  // Neither does a new start.
  await following.stop()
  const again = await follow({ lookMs: 200 })
  expect([again.topology().version, again.notes()]).toEqual([3, ['topology store parted']])
  const adoption = await adoptCentral(central.db, 'ann@desk', 'the disk broke')
  await soon(() => expect(again.topology()).toMatchObject({ version: 4, document: text('e') }))
  expect(again.notes()).toEqual([])
  expect((await kept()).adoptions).toEqual([adoption.mark])
  await publish(text('f'))
  await soon(() => expect(again.topology().version).toBe(5))
  // The same old copy once more: its history knows of no adoption that is new.
  await dump.restore()
  await soon(() => expect(again.notes()).toContain('topology store behind'))
  await adoptCentral(central.db, 'ann@desk', '')
  await soon(() => expect(again.topology()).toMatchObject({ version: 2, document: text('b') }))
  expect(changes.at(-1)).toMatchObject({ before: { version: 5 }, after: { version: 2 } })
  expect(await kept()).toMatchObject({ version: 2, document: text('b') })
}, 90_000)

test('[CM15] an adoption that changed nothing counts once, too', async () => {
  await publish(text('a'))
  await adoptCentral(central.db, 'ann@desk', '')
  const dump = await dumpOf()
  await publish(text('b'))
  const following = await follow({ lookMs: 200 })
  const second = await adoptCentral(central.db, 'ann@desk', '')
  await soon(async () => expect((await kept()).adoptions).toContain(second.mark))
  await dump.restore()
  await soon(() => expect(following.notes()).toContain('topology store behind'))
  expect(following.topology().version).toBe(2)
})

test('[CM15] a store that was copied by dump and restore as it is is followed on', async () => {
  const { host, user, database } = central.address
  await publish(text('a'))
  const following = await follow()
  const bin = (await readTools()).postgres15Bin
  const dump = join(folder, 'dump.sql')
  await promisify(execFile)(join(bin, 'pg_dump'), ['-h', host, '-U', user, '-f', dump, database])
  await following.stop()
  const moved = await openEmptyDatabase()
  try {
    const into = ['-h', host, '-U', user, '-d', moved.address.database, '-v', 'ON_ERROR_STOP=1']
    await promisify(execFile)(join(bin, 'psql'), ['-q', ...into, '-f', dump])
    const db = openDb(moved.address, { max: 1 })
    await publish(text('b'), db).finally(() => db.end())
    const again = await follow({}, moved.address)
    expect([again.topology().version, again.notes()]).toEqual([2, []])
    await again.stop()
  } finally {
    await moved.drop()
  }
})

test('[CM16] what wants a restart is told until the server has it or it is taken back; the rest is followed', async () => {
  await publish(text('a', 1))
  const following = await follow()
  await publish(text('b', 2))
  await soon(() => expect(changes).toHaveLength(1))
  expect(following.restart()).toEqual(['port is 2'])
  expect(changes[0]!.effect).toEqual({ followed: ['name is b'], restart: ['port is 2'] })
  expect(following.notes()).toEqual(['topology wants a restart'])
  await publish(text('c', 2))
  await soon(() => expect(changes).toHaveLength(2))
  expect(changes[1]!.effect).toEqual({ followed: ['name is c'], restart: [] })
  expect(following.notes()).toEqual(['topology wants a restart'])
  await publish(text('c', 1))
  await soon(() => expect(following.notes()).toEqual([]))
  await publish(text('c', 3))
  await soon(() => expect(following.restart()).toEqual(['port is 3']))
  await following.stop()
  expect((await follow()).notes()).toEqual([])
})

test('[CM17] what this program does not understand is not followed: it stays with what it has, and says so', async () => {
  await publish(text('a'))
  const following = await follow()
  await publish('a: newer form\n')
  await soon(() => expect(following.notes()).toEqual(['topology not understood']))
  expect(said('error')).toEqual([expect.stringMatching(/does not understand version 2.*stays.*no such option/)])
  expect([following.topology().version, (await kept()).version, changes]).toEqual([1, 1, []])
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
  await central.db.query(`SET session_replication_role = replica; ${altered}; SET session_replication_role = DEFAULT`)
  await soon(() => expect(following.notes()).toEqual(['topology altered']))
  expect(following.topology().version).toBe(1)
})
const altered = `INSERT INTO publication (version, based_on, document, hash, author, role, at, mark)
  VALUES (2, 1, 'port: 9', repeat('0', 64), 'x', 'x', now(), gen_random_uuid())`

test('[CM17] what cannot be written into the replica is not followed until it can', async () => {
  const place = join(folder, 'sub')
  const { mkdir, rename } = await import('node:fs/promises')
  await mkdir(place)
  await publish(text('a'))
  const following = await follow({ replica: join(place, 'topology-replica.json'), lookMs: 200 })
  await rename(place, `${place}-away`)
  await publish(text('b'))
  await soon(() => expect(following.notes()).toEqual(['topology replica not written']))
  expect([following.topology().version, changes]).toEqual([1, []])
  await rename(`${place}-away`, place)
  await soon(() => expect(following.topology().version).toBe(2))
  expect(changes).toHaveLength(1)
})
