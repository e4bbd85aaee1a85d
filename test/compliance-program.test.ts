import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { openDb } from '../src/store/db.ts'
import { openEmptyDatabase, type TestDatabase, urlOf } from './database.ts'
import { openSite, type Person, type Site } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { runVerb } from './run-verb.ts'
import { readTools } from './tools.ts'

let site: Site
let archive: TestDatabase
let folder: string
let person: Person
let services: Pchat[] = []
let stores: string[]
beforeAll(async () => {
  ;[site, archive, folder] = await Promise.all([
    openSite(),
    openEmptyDatabase(),
    mkdtemp(join(tmpdir(), 'pchat-officer-')),
  ])
  person = await site.addUser('officer@example.com')
  await site.admin.call('role.grant', { principal: person.me.id, role: 'complianceOfficer', granted: true })
  stores = ['--database-url', urlOf(site.database), '--compliance-database-url', urlOf(archive), '--data-dir', folder]
  services = [start(), start()]
  await Promise.all(services.map(one => one.says(/compliance service runs/)))
}, 60_000)
afterAll(async () => {
  for (const one of services) one.kill('SIGTERM')
  await Promise.all(services.map(one => one.ended))
  await site.stop()
  await archive.drop()
  await rm(folder, { recursive: true, force: true })
})

function start(): Pchat {
  return runPchat(['start', '--role', 'compliance', '--log-level', 'info', ...stores])
}

const officer = (...args: string[]) => runVerb(['compliance', ...args, ...stores])
const store = (...args: string[]) => runVerb(['compliance', ...args, '--database-url', urlOf(site.database)])

async function untilArchived(): Promise<void> {
  await vi.waitFor(
    async () => {
      const status = JSON.parse((await officer('status', '--json')).out)
      expect(status.backlog.events).toBe(0)
      expect(status.archive.entries).toBeGreaterThan(0)
      const anchors = await readFile(join(folder, 'compliance-anchors.jsonl'), 'utf8')
      expect(anchors.trim().split('\n')).toHaveLength(status.archive.batch)
    },
    { timeout: 30_000, interval: 500 },
  )
}

/** As the console has it. */
const shownToOfficers = () => person.call('compliance.get', {})

async function say(text: string): Promise<void> {
  const { id: category } = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category, members: ['admin@example.com'] })
  await site.admin.call('message.post', { room: room.id, clientId: crypto.randomUUID(), text })
}

test('[CP60] [CP63] [CP92] from the machine it is switched on, recorded, moved by one of two services, and verified', async () => {
  const early = await officer('verify', '--json')
  expect(early.code).toBe(2)
  expect(early.said).toContain('could not be checked')
  expect(await officer('status')).toMatchObject({ code: 0, out: expect.stringContaining('Recording: off') })
  expect(await store('enable')).toMatchObject({ code: 0, out: 'What happens is recorded.\n', said: '' })
  await say('sell')
  await untilArchived()
  const status = JSON.parse((await officer('status', '--json')).out)
  expect(status).toMatchObject({ recording: true, unheard: [], archive: { mover: expect.stringMatching(/ \d+$/) } })
  const pids = services.map(one => `${one.pid}`)
  expect(pids).toContain(status.archive.mover.split(' ').at(-1))
  const { code, out } = await officer('verify', '--json')
  expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, sound: true, firstBad: null })
  expect((await officer('verify')).out).toMatch(/^Sound: \d+ entries/)
  await vi.waitFor(
    async () => {
      const { service, proof } = await shownToOfficers()
      expect(service).toMatchObject({ holder: status.archive.mover, adapters: [] })
      expect(Date.parse(service!.batchAt!)).toBeGreaterThan(Date.now() - 120_000)
      expect(service!.entries).toBeGreaterThanOrEqual(status.archive.entries)
      expect(proof).toMatchObject({ sound: true, by: expect.stringContaining('@') })
      expect(proof!.entries).toBeGreaterThanOrEqual(status.archive.entries)
    },
    { timeout: 15_000, interval: 500 },
  )
  // Without a way to the store the verdict is the same, and it is said that nobody else sees it.
  const alone = await runVerb([
    'compliance',
    'verify',
    '--compliance-database-url',
    urlOf(archive),
    '--data-dir',
    folder,
  ])
  expect(alone).toMatchObject({ code: 0, said: expect.stringContaining('The console does not show this') })

  // The one that moves ends, and the other goes on.
  const active = services.find(one => `${one.pid}` === status.archive.mover.split(' ').at(-1))!
  active.kill('SIGTERM')
  expect(await active.ended).toBe(0)
  await say('buy')
  await untilArchived()
  expect((await officer('verify')).code).toBe(0)
  services = services.filter(one => one !== active)
}, 240_000)

test('[CP61] an export is recorded with who made it, and is checked by the file that comes with it; a period too', async () => {
  const key = join(folder, 'public.pem')
  const shown = await officer('public-key')
  expect(shown.out).toMatch(/^-----BEGIN PUBLIC KEY-----/)
  await writeFile(key, shown.out)
  const whole = join(folder, 'whole')
  const made = await officer('export', whole)
  expect(made).toMatchObject({ code: 0, said: '' })
  expect((await readdir(whole)).sort()).toEqual(['entries.jsonl', 'heads.jsonl', 'verify.mjs'])
  const program = [process.execPath, join(whole, 'verify.mjs')]
  const checked = runPchat(['--key', key, '--folder', whole], { program })
  expect(await checked.ended).toBe(0)
  await untilArchived()
  const { rows } = await archive.db.query<{ text: string }>("SELECT text FROM entry WHERE kind = 'export'")
  expect(rows.map(row => JSON.parse(row.text).data)).toMatchObject([
    { by: expect.stringContaining('@'), what: 'proof', folder: whole, first: 1, last: expect.any(Number) },
  ])
  const none = await officer('export', join(folder, 'none'), '--until', '2001-01-01T00:00:00Z')
  expect(none).toMatchObject({ code: 1, said: 'pchat: Nothing happened in that period.\n' })
  const wrong = await officer('export', join(folder, 'none'), '--from', 'yesterday')
  expect(wrong).toMatchObject({ code: 1, said: expect.stringContaining('--from is no instant') })
}, 180_000)

test('[CP62] any past period is produced by any adapter, one of one’s own too, and adapters are set on the machine', async () => {
  const csv = join(folder, 'again')
  const made = await officer('produce', csv, '--type', 'csv', '--from', '2001-01-01T00:00:00Z')
  expect(made).toMatchObject({ code: 0, said: '' })
  const files = (await readdir(csv)).filter(name => name.endsWith('.csv'))
  expect(files).toHaveLength(1)
  expect(await readFile(join(csv, files[0]!), 'utf8')).toContain('sell')

  const module = join(import.meta.dirname, '../docs/compliance/example-adapter.mjs')
  const own = join(folder, 'own')
  const set = await store('adapter', 'set', 'own', '--type', module, '--output-directory', own, '--run-interval', '60')
  expect(set).toMatchObject({ code: 0, said: '' })
  expect((await store('adapter', 'list')).out).toContain(module)
  expect((await store('adapter', 'set', 'x', '--type', 'perl', '--output-directory', '/x')).code).toBe(2)
  expect(await store('adapter', 'set', 'x', '--type', 'xml', '--output-directory', 'x')).toMatchObject({
    code: 1,
    said: expect.stringContaining('whole path'),
  })
  const again = await officer('produce', own, '--type', module, '--custom', 'greeting=Good day')
  expect(again).toMatchObject({ code: 0, said: '' })
  expect(await readFile(join(own, (await readdir(own)).find(name => name.endsWith('.txt'))!), 'utf8')).toContain(
    'Good day',
  )
  expect((await store('adapter', 'remove', 'own')).code).toBe(0)
  expect((await store('adapter', 'remove', 'own')).code).toBe(1)
  expect((await store('set', '--max-rows', '5000')).code).toBe(0)
  expect((await store('set')).code).toBe(2)
}, 180_000)

test('[CP70] reconcile says by its exit code whether rooms and archive agree, before and after somebody tampered', async () => {
  const agreed = await officer('reconcile', '--json')
  expect({ code: agreed.code, ...JSON.parse(agreed.out) }).toMatchObject({
    code: 0,
    report: { sound: true, findings: [] },
    signature: expect.any(String),
  })
}, 120_000)

test('[CP61] [CP92] what was tampered with is found by the verb: exit code 1, and the first bad entry', async () => {
  await archive.db.query(`SET session_replication_role = replica;
    UPDATE entry SET text = replace(text, 'sell', 'hold') WHERE text LIKE '%sell%'; SET session_replication_role = DEFAULT`)
  const { code, out } = await officer('verify', '--json')
  expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 1, sound: false, firstBad: { what: 'entry' } })
  expect((await officer('verify')).out).toMatch(/^NOT SOUND\. /)
  expect((await shownToOfficers()).proof).toMatchObject({
    sound: false,
    fault: expect.stringContaining('not what was signed'),
  })
  expect(await officer('reconcile')).toMatchObject({ code: 1, out: expect.stringMatching(/^NOT SOUND, \d+ findings/) })
}, 120_000)

test('[CP93] a service alone shows what waits, the last batch and its adapters; on stand-by it is ready, and not without a database', async () => {
  const one = runPchat(['start', '--role', 'compliance', '--log-level', 'error', '--health-port', '0', ...stores])
  const { host, user } = inject('store')
  const admin = openDb({ host, user, database: 'postgres' }, { max: 1 })
  const { database } = archive.address
  try {
    const [, url] = await one.says(/compliance service runs, and tells of itself at (http:\S+)\/readyz/)
    const ready = async () => {
      const answer = await fetch(`${url}/readyz`)
      return { code: answer.status, ...((await answer.json()) as { status: string; notes: string[] }) }
    }
    const value = async (name: string) => {
      const text = await (await fetch(`${url}/metrics`)).text()
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    }
    await vi.waitFor(
      async () => expect(await ready()).toEqual({ code: 200, status: 'ready', notes: ['on stand-by'] }),
      { timeout: 20_000, interval: 300 },
    )
    await vi.waitFor(
      async () => {
        expect(await value('pchat_compliance_backlog_events')).toBe(0)
        expect(await value('pchat_compliance_batch_seconds')).toBeGreaterThan(Date.now() / 1_000 - 600)
        expect(await value('pchat_compliance_told_age_seconds')).toBeLessThan(20)
        expect(await value('pchat_resident_bytes')).not.toBe(0)
      },
      { timeout: 20_000, interval: 300 },
    )
    const full = join(folder, 'no-folder')
    await writeFile(full, 'a file where a folder is to be')
    expect(
      await store('adapter', 'set', 'stuck', '--type', 'csv', '--output-directory', full, '--run-interval', '60'),
    ).toMatchObject({ code: 0 })
    await vi.waitFor(
      async () => {
        await archive.db.query(
          "UPDATE adapter SET begun_at = begun_at - interval '1 hour', done_seq = 0, done_at = NULL WHERE name = 'stuck'",
        )
        expect(await value('pchat_compliance_adapter_failures{adapter="stuck"}')).toBeGreaterThan(0)
      },
      { timeout: 30_000, interval: 500 },
    )
    expect(await value('pchat_compliance_adapter_behind_entries{adapter="stuck"}')).toBeGreaterThan(0)
    expect((await ready()).notes).toContain('adapters fail: stuck')
    expect((await fetch(`${url}/other`)).status).toBe(404)
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const { stdout, stderr, status } = spawnSync((await readTools()).promtool, ['check', 'metrics'], {
      ...{ input: await (await fetch(`${url}/metrics`)).text(), encoding: 'utf8' },
    })
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' })
    await admin.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`)
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database])
    await vi.waitFor(
      async () =>
        expect(await ready()).toMatchObject({
          code: 503,
          status: 'not ready',
          notes: expect.arrayContaining(['archive away']),
        }),
      { timeout: 20_000, interval: 300 },
    )
    expect(await value('pchat_compliance_backlog_events')).toBeGreaterThanOrEqual(0)
    await admin.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`)
    await vi.waitFor(async () => expect((await ready()).code).toBe(200), { timeout: 20_000, interval: 300 })
    // A port that is taken is told, and nothing runs.
    const taken = runPchat(['start', '--role', 'compliance', '--health-port', new URL(url!).port, ...stores])
    expect(await taken.ended).toBe(1)
    expect(taken.said()).toContain('--health-port')
  } finally {
    await admin.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`)
    await admin.end()
    one.kill('SIGTERM')
    await one.ended
    await store('adapter', 'remove', 'stuck')
  }
}, 180_000)

test('[CP64] prepare makes an archive whose service appends, and can do nothing else', async () => {
  const { user, host } = inject('store')
  const admin = `postgres://${user}@${encodeURIComponent(host)}/postgres`
  const n = Date.now().toString(36)
  const names = ['--database', `prepared_${n}`, '--owner', `owner_${n}`, '--service', `service_${n}`]
  const secret = join(folder, 'archive.secret')
  await writeFile(secret, "a 'long' password\n")
  const asked = ['compliance', 'prepare', '--admin-url', admin, ...names, '--password-file', secret]
  expect(await runVerb(asked)).toMatchObject({ code: 0, said: '', out: expect.stringContaining('0001_archive.sql') })
  expect(await runVerb(asked)).toMatchObject({ code: 0, out: expect.stringContaining('up to date') })
  const url = `postgres://service_${n}:${encodeURIComponent("a 'long' password")}@${encodeURIComponent(host)}/prepared_${n}`
  const own = join(folder, 'prepared')
  const service = runPchat([
    ...['start', '--role', 'compliance', '--database-url', urlOf(site.database), '--data-dir', own],
    ...['--compliance-database-url', url],
  ])
  // The other one must not take what this one is to move.
  for (const one of services) one.kill('SIGTERM')
  await Promise.all(services.map(one => one.ended))
  services = []
  const db = openDb({ connectionString: url }, { max: 1 })
  try {
    await say('hold')
    await vi.waitFor(
      async () => expect((await db.query("SELECT FROM entry WHERE kind = 'chat'")).rowCount).toBeGreaterThan(0),
      { timeout: 20_000, interval: 200 },
    )
    for (const sql of [
      "UPDATE entry SET text = 'x'",
      'DELETE FROM entry',
      'TRUNCATE entry',
      'UPDATE batch SET first_seq = 1',
      'DELETE FROM batch',
      'TRUNCATE batch',
      'ALTER TABLE entry DISABLE TRIGGER ALL',
      'DROP TABLE entry',
      'CREATE TABLE mine (n int)',
      'CREATE TEMP TABLE mine (n int)',
      'SET session_replication_role = replica',
      'UPDATE archive SET id = gen_random_uuid()',
      'DELETE FROM person_number',
      `SET ROLE owner_${n}`,
    ])
      await expect(db.query(sql), sql).rejects.toThrow(/permission denied|must be owner/)
    await sleep(500)
    const options = ['--compliance-database-url', url, '--database-url', urlOf(site.database), '--data-dir', own]
    expect(await runVerb(['compliance', 'verify', ...options])).toMatchObject({ code: 0, said: '' })
    const out = await runVerb(['compliance', 'produce', join(folder, 'p'), '--type', 'xml', ...options])
    expect(out).toMatchObject({ code: 0, said: '' })
  } finally {
    await db.end()
    service.kill('SIGTERM')
    await service.ended
    const root = openDb({ connectionString: admin }, { max: 1 })
    await root.query(`DROP DATABASE prepared_${n} WITH (FORCE)`)
    await root.query(`DROP ROLE owner_${n}`)
    await root.query(`DROP ROLE service_${n}`)
    await root.end()
  }
}, 180_000)
