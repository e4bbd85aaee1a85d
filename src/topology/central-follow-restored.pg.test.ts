import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bench, openBench, soon, text } from '../../test/central-follower.ts'
import { openEmptyDatabase } from '../../test/database.ts'
import { readTools } from '../../test/tools.ts'
import { openDb } from '../store/db.ts'
import { adoptCentral } from './central.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

const publish: Bench['publish'] = (...args) => bench.publish(...args)
const follow: Bench['follow'] = (...args) => bench.follow(...args)
const kept = () => bench.kept()
const said = (level: string) => bench.said(level)

/** The store as a dump of its database would bring it back. */
async function dumpOf(): Promise<{ restore(): Promise<void> }> {
  const { host, user, database } = bench.central.address
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
  const adoption = await adoptCentral(bench.central.db, 'ann@desk', 'the disk broke')
  await soon(() => expect(again.topology()).toMatchObject({ version: 4, document: text('e') }))
  expect(again.notes()).toEqual([])
  expect((await kept()).adoptions).toEqual([adoption.mark])
  await publish(text('f'))
  await soon(() => expect(again.topology().version).toBe(5))
  // The same old copy once more: its history knows of no adoption that is new.
  await dump.restore()
  await soon(() => expect(again.notes()).toContain('topology store behind'))
  await adoptCentral(bench.central.db, 'ann@desk', '')
  await soon(() => expect(again.topology()).toMatchObject({ version: 2, document: text('b') }))
  expect(bench.changes.at(-1)).toMatchObject({ before: { version: 5 }, after: { version: 2 } })
  expect(await kept()).toMatchObject({ version: 2, document: text('b') })
}, 90_000)

test('[CM15] a server whose replica is torn or gone does not go back either', async () => {
  await publish(text('a'))
  const dump = await dumpOf()
  await publish(text('b'))
  await (await follow()).stop()
  await dump.restore()
  await writeFile(bench.file, 'half')
  await expect(follow()).rejects.toThrow(/version 1, older than version 2 of this server.*adopt.*is no good/)
  await rm(bench.file)
  await expect(follow()).rejects.toThrow(/older than version 2.*there is no replica/)
  await adoptCentral(bench.central.db, 'ann@desk', '')
  expect((await follow()).topology()).toMatchObject({ version: 1, document: text('a') })
})

test('[CM15] an adoption that changed nothing counts once, too', async () => {
  await publish(text('a'))
  await adoptCentral(bench.central.db, 'ann@desk', '')
  const dump = await dumpOf()
  await publish(text('b'))
  const following = await follow({ lookMs: 200 })
  const second = await adoptCentral(bench.central.db, 'ann@desk', '')
  await soon(async () => expect((await kept()).adoptions).toContain(second.mark))
  await dump.restore()
  await soon(() => expect(following.notes()).toContain('topology store behind'))
  expect(following.topology().version).toBe(2)
})

test('[CM15] a store that was copied by dump and restore as it is is followed on', async () => {
  const { host, user, database } = bench.central.address
  await publish(text('a'))
  const following = await follow()
  const bin = (await readTools()).postgres15Bin
  const dump = join(bench.folder, 'dump.sql')
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
