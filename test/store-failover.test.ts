import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Refusal } from '../src/protocol/error.ts'
import { splitHosts } from '../src/store/address.ts'
import { type Db, openDb, storeRefusal, transaction } from '../src/store/db.ts'
import { migrate } from '../src/store/migrate.ts'
import { setPoolState } from '../src/store/server.ts'
import { openProxy, type TcpProxy } from './proxy.ts'
import { openStorePair, type StorePair } from './store-pair.ts'

let pair: StorePair
let proxies: TcpProxy[]
const opened: Db[] = []
beforeAll(async () => {
  pair = await openStorePair()
  proxies = await Promise.all([pair.ports.a, pair.ports.b].map(port => openProxy(port)))
  const db = open(pair.url())
  await migrate(db)
  await db.query('CREATE TABLE word (one boolean PRIMARY KEY DEFAULT true, text text)')
  await db.query("INSERT INTO word (text) VALUES ('first')")
})
afterAll(async () => {
  await Promise.all(opened.map(db => db.end()))
  await Promise.all(proxies.map(proxy => proxy.close()))
  await pair.close()
})

function open(url: string, backup?: string): Db {
  const db = openDb({ connectionString: url, backup }, { max: 4, patienceMs: 1_000 })
  opened.push(db)
  return db
}
const read = async (db: Db) => (await db.query<{ text: string }>('SELECT text FROM word')).rows[0]!.text
const write = (db: Db, text: string) =>
  transaction(db, async tx => {
    await tx.query('UPDATE word SET text = $1', [text])
  })
/** The code of the refusal, or 'ok'. */
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    error => storeRefusal(error)?.code ?? String(error),
  )
/** Tries again, as a client does, until it is taken. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 40_000; ; ) {
    try {
      return await work()
    } catch (error) {
      if (storeRefusal(error)?.code !== 'unavailable' || Date.now() > deadline) throw error
      await sleep(100)
    }
  }
}

test('[FO1] of several hosts the one that takes writes is used, in whatever order they are named', async () => {
  const db = open(pair.url([pair.ports[pair.standby()], pair.ports[pair.primary()]]))
  await insist(() => write(db, 'second'))
  expect(await read(db)).toBe('second')
  const { rows } = await db.query<{ port: string }>("SELECT current_setting('port') AS port")
  expect(Number(rows[0]!.port)).toBe(pair.ports[pair.primary()])
})

test('[FO1] a connection string names hosts with commas, each with its port, under one user and database', () => {
  const hosts = splitHosts('postgres://u:p%40@db1:5433,db2,[::1]:7/pchat?sslmode=require')
  expect(hosts?.map(host => [host.name, host.connectionString])).toEqual([
    ['db1:5433', 'postgres://u:p%40@db1:5433/pchat?sslmode=require'],
    ['db2:5432', 'postgres://u:p%40@db2/pchat?sslmode=require'],
    ['[::1]:7', 'postgres://u:p%40@[::1]:7/pchat?sslmode=require'],
  ])
  for (const text of ['postgres://u@db1,/pchat', 'postgres://u@db1:x,db2/pchat', 'mysql://db1,db2/pchat'])
    expect(splitHosts(text)).toBeUndefined()
})

test('[FO2] [FO8] while the stand-by confirms nothing, nothing is answered, neither read nor written nor refused; then all goes on', async () => {
  const db = open(pair.url())
  await insist(() => read(db))
  await pair.signal(pair.standby(), 'SIGSTOP')
  const hanging = code(write(db, 'unknown'))
  const refusing = transaction(db, async tx => {
    await tx.query('SELECT pg_sleep(2.6)')
    throw new Refusal('forbidden', 'by rights that were read here')
  })
  const [taking, refused] = [code(db.query('SELECT pg_sleep(2.6), 1 / (random() * 0)::int')), code(refusing)]
  // The lease was renewed a moment ago: it is over two seconds later.
  await sleep(2_500)
  expect(await code(read(db))).toBe('unavailable')
  expect([await refused, await taking]).toEqual(['unavailable', 'unavailable'])
  await pair.signal(pair.standby(), 'SIGCONT')
  expect(await insist(() => read(db))).toMatch(/second|unknown/)
  expect(await hanging).toMatch(/ok|unavailable/)
  await insist(() => write(db, 'third'))
})

test('[FO3] a restarted primary answers nothing before its stand-by has confirmed its last position', async () => {
  const db = open(pair.url())
  await insist(() => read(db))
  const [primary, standby] = [pair.primary(), pair.standby()]
  await pair.signal(standby, 'SIGKILL')
  const unconfirmed = code(write(db, 'nobody may see this before it is confirmed'))
  await sleep(300)
  await pair.signal(primary, 'SIGKILL')
  expect(await unconfirmed).toBe('unavailable')
  await pair.restart(primary)
  // PostgreSQL itself shows it by now.
  expect((await pair.query(primary, 'SELECT text FROM word'))[0]!.text).toMatch(/nobody/)
  expect(await code(read(db))).toBe('unavailable')
  expect(await code(write(db, 'neither'))).toBe('unavailable')
  await pair.restart(standby)
  expect(await insist(() => read(db))).toMatch(/nobody|neither/)
  await insist(() => write(db, 'fourth'))
})

test('[FO4] a cut-off old primary answers nothing once anything was changed at the new one, and the cut-off server moves when it can', async () => {
  const [a, b] = proxies.map(proxy => proxy.port) as [number, number]
  const cutOff = open(pair.url([a, b]))
  const other = open(pair.url())
  await insist(() => read(cutOff))
  await insist(() => write(other, 'old'))
  const proxy = proxies[pair.standby() === 'a' ? 0 : 1]!
  proxy.cut()
  let changedAt = Number.POSITIVE_INFINITY
  let stop = false
  const stale: string[] = []
  const answers = new Map<string, number>()
  const reading = (async () => {
    while (!stop) {
      const outcome = await read(cutOff).catch(error => storeRefusal(error)?.code ?? 'fault')
      if (outcome === 'old' && performance.now() > changedAt) stale.push(outcome)
      answers.set(outcome, (answers.get(outcome) ?? 0) + 1)
      await sleep(5)
    }
  })()
  // The old primary goes on running, and everybody who reached it before still does.
  await pair.promote()
  await insist(() => write(other, 'new'))
  changedAt = performance.now()
  await sleep(3_000)
  expect(answers.get('old')).toBeGreaterThan(0)
  expect(answers.get('new')).toBeUndefined()
  proxy.heal()
  await insist(async () => expect(await read(cutOff)).toBe('new'))
  stop = true
  await reading
  expect(stale).toEqual([])
  expect(answers.get('fault')).toBeUndefined()
})

test('[FO5] what was acknowledged before a promotion is there after it', async () => {
  const db = open(pair.url())
  expect(await insist(() => read(db))).toBe('new')
  await insist(() => write(db, 'newer'))
  await pair.rejoin('rewind')
  await insist(() => write(db, 'newest'))
  await pair.signal(pair.primary(), 'SIGKILL')
  await pair.promote()
  expect(await insist(() => read(db))).toBe('newest')
})

test('[FO6] the hosts of another site are used only while the pool is failed-over', async () => {
  // By now one host is alone, the primary; to this server it is the other site's.
  const primary = `postgres://pchat@127.0.0.1:${pair.ports[pair.primary()]}/pchat`
  const gone = `postgres://pchat@127.0.0.1:${pair.ports[pair.standby()]}/pchat`
  const db = open(gone, primary)
  expect(await code(read(db))).toBe('unavailable')
  const operator = openDb({ connectionString: primary }, { max: 1 })
  await transaction(operator, tx => setPoolState(tx, 'failed-over'))
  expect(await insist(() => read(db))).toBe('newest')
  await transaction(operator, tx => setPoolState(tx, 'normal'))
  await operator.end()
  await sleep(3_000)
  expect(await code(read(db))).toBe('unavailable')
})
