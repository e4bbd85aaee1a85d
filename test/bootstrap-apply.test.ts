import { existsSync } from 'node:fs'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { eventsOf, snapshot, standardDocument } from './bootstrap-site.ts'
import { openTestMachine, type TestMachine } from './machine.ts'
import { freePort } from './store-pair.ts'

vi.setConfig({ testTimeout: 120_000 })

let machine: TestMachine
let port: number
const bootstrap = (...args: string[]) => machine.pchat(['bootstrap', '--topology', '/srv/topology.json', ...args])

beforeAll(async () => {
  machine = await openTestMachine()
  port = await freePort()
  await writeFile(machine.path('srv/topology.json'), JSON.stringify(standardDocument(port)))
})
afterAll(() => machine?.close())

test('[BS41] [BS42] a bare machine becomes a Standard Edition server that answers, and the synthetic test passes', async () => {
  const ran = await bootstrap()
  expect([ran.code, ran.said], ran.out).toEqual([0, ''])
  expect(ran.out).toMatch(/^localhost: \d+ ok, \d+ warnings, 0 errors$/m)
  expect(ran.out).toMatch(/^1 +System account +to do +not there yet$/m)
  const steps = [...ran.out.matchAll(/^\d of 9 {2}(.+): (\w+) {2}[\d.]+ s$/gm)].map(([, title, state]) => [
    title,
    state,
  ])
  expect(steps).toEqual([
    ...['System account', 'Folders', 'Certificate'].map(title => [title, 'done']),
    ...['Units of systemd', 'Start', 'Embedded database'].map(title => [title, 'done']),
    ...[
      ['Health', 'tried'],
      ['Synthetic test', 'tried'],
    ],
  ])
  expect(ran.out).toMatch(/^6 steps were done\. localhost serves\.$/m)
  const [, , uid] = (await machine.run('getent', ['passwd', 'pchat'])).split(':')
  const owners = await Promise.all(['srv/pchat', 'srv/pchat/postgres'].map(one => stat(machine.path(one))))
  expect(owners.map(one => one.uid)).toEqual([Number(uid), Number(uid)])
  expect(owners[0]!.mode & 0o777).toBe(0o711)
  const { ExecMainStartTimestamp: _, ...shown } = Object.fromEntries(
    (await machine.run('systemctl', ['show', 'pchat-persistent-chat.service']))
      .split('\n')
      .map(line => line.split('=')),
  )
  expect(shown).toMatchObject({ ActiveState: 'active', UnitFileState: 'enabled', NeedDaemonReload: 'no' })
})

test('[BS43] a second run finds all done, says so, and changes nothing', async () => {
  const main = () => machine.run('systemctl', ['show', '--property=MainPID,NRestarts', 'pchat-persistent-chat.service'])
  const before = [await snapshot(machine, true), await main()]
  const ran = await bootstrap('--json')
  expect([ran.code, ran.said]).toEqual([0, ''])
  const events = eventsOf(ran.out)
  expect(events.map(({ event }) => event)).toEqual([
    ...[
      'prerequisites',
      'plan',
      'step',
      'step',
      'step',
      'step',
      'step',
      'step',
      'step',
      'begin',
      'step',
      'begin',
      'step',
      'end',
    ],
  ])
  expect(events.filter(({ event }) => event === 'step').map(({ state }) => state)).toEqual([
    ...Array.from({ length: 7 }, () => 'already'),
    ...['tried', 'tried'],
  ])
  expect(events.at(-1)).toEqual({ event: 'end', result: 'done', changed: 0 })
  expect([await snapshot(machine, true), await main()]).toEqual(before)
})

test('[BS44] what was changed since is put right: a unit, a renewed certificate, a server that was stopped', async () => {
  const unit = machine.path('etc/systemd/system/pchat-persistent-chat.service')
  const text = await readFile(unit, 'utf8')
  await writeFile(unit, text.replace('Restart=on-failure', 'Restart=no'))
  const states = async () => {
    const { out, code, said } = await bootstrap('--json')
    expect([code, said]).toEqual([0, ''])
    const done = eventsOf(out).flatMap(({ event, id, state }) => (event === 'step' && state === 'done' ? [id] : []))
    // Its coming is only waited for.
    return done.filter(id => id !== 'database-embedded')
  }
  expect(await states()).toEqual(['units', 'start'])
  expect(await readFile(unit, 'utf8')).toBe(text)
  const certificate = machine.path('etc/pchat/tls/server.pem')
  const key = await readFile(machine.path('etc/pchat/tls/server.key'), 'utf8')
  await writeFile(certificate, '')
  expect(await states()).toEqual(['certificate', 'start'])
  expect(await readFile(certificate, 'utf8')).toContain('BEGIN CERTIFICATE')
  expect(await readFile(machine.path('etc/pchat/tls/server.key'), 'utf8')).toBe(key)
  await machine.run('systemctl', ['stop', 'pchat.target'])
  expect(await states()).toEqual(['start'])
})

test('[BS45] one bootstrapper at a time works on a machine', async () => {
  const first = machine.start(['bootstrap', '--topology', '/srv/topology.json', '--json'])
  await first.says(/"event":"prerequisites"/)
  first.kill('SIGSTOP')
  const second = await machine.pchat(['bootstrap', '--remove', '--what-if'])
  expect([second.code, second.said]).toEqual([
    1,
    expect.stringContaining('Another pchat bootstrap works on this machine'),
  ])
  first.kill('SIGCONT')
  expect(await first.ended).toBe(0)
})

test('[BS46] --remove undoes it and leaves data, secrets and what others brought; again, it changes nothing', async () => {
  await writeFile(machine.path('etc/systemd/system/pchat-other.service'), '[Service]\nExecStart=/bin/true\n')
  await writeFile(machine.path('etc/pchat/environment'), 'NAME=value\n', { mode: 0o600 })
  const before = await snapshot(machine, true)
  const shown = await machine.pchat(['bootstrap', '--remove', '--what-if', '--json'])
  expect(shown.code).toBe(0)
  expect(await snapshot(machine, true)).toEqual(before)
  const removed = await machine.pchat(['bootstrap', '--remove', '--json'])
  expect(removed.code, removed.said).toBe(0)
  const { whatIf, ...would } = JSON.parse(shown.out)
  const { whatIf: not, ...was } = JSON.parse(removed.out)
  expect([whatIf, not, was]).toEqual([true, false, would])
  expect(was.stays.map(({ what }: { what: string }) => what)).toEqual([
    ...['/etc/pchat/environment', '/etc/pchat/authority/authority.key', '/srv/pchat', 'the account pchat'],
  ])
  const after = await snapshot(machine)
  const gone = [...before.keys()].filter(path => !after.has(path))
  expect(gone).toEqual([
    ...['/etc/pchat/tls', '/etc/pchat/tls/server.key', '/etc/pchat/tls/server.pem'],
    ...[
      'multi-user.target.wants/pchat.target',
      'pchat-persistent-chat.service',
      'pchat.target',
      'pchat.target.wants',
    ].map(one => `/etc/systemd/system/${one}`),
    '/etc/systemd/system/pchat.target.wants/pchat-persistent-chat.service',
  ])
  await stat(machine.path('srv/pchat/postgres/PG_VERSION'))
  const [still, again] = [await snapshot(machine, true), await machine.pchat(['bootstrap', '--remove'])]
  expect([again.code, again.out]).toEqual([
    0,
    expect.stringContaining('Nothing of pchat bootstrap is on this machine.'),
  ])
  expect(await snapshot(machine, true)).toEqual(still)
  const back = await bootstrap('--json')
  const done = eventsOf(back.out).flatMap(({ event, id, state }) => (event === 'step' && state === 'done' ? [id] : []))
  // The database may be up again before it is waited for.
  expect([back.code, done.filter(id => id !== 'database-embedded')]).toEqual([0, ['certificate', 'units', 'start']])
})

test('[BS46] a machine that never served keeps nothing but the authority: the account and empty folders go, too', async () => {
  // Both accounts have the same number, and userdel asks who uses it.
  await machine.run('systemctl', ['stop', 'pchat.target'])
  const fresh = await openTestMachine()
  try {
    const before = await snapshot(fresh)
    await beginOn(fresh, '/srv/pchat')
    const ran = await fresh.pchat(['bootstrap', '--remove', '--json'])
    expect(ran.code, ran.said).toBe(0)
    const after = await snapshot(fresh)
    expect(
      [...after.keys()].filter(path => !before.has(path) && !/^\/etc\/(passwd|group|g?shadow|sub[ug]id)-$/.test(path)),
    ).toEqual([
      '/etc/pchat',
      '/etc/pchat/authority',
      ...['key', 'lock', 'pem'].map(one => `/etc/pchat/authority/authority.${one}`),
    ])
    await expect(fresh.run('getent', ['passwd', 'pchat'])).rejects.toThrow()
  } finally {
    await fresh.close()
  }
})

test('[BS65] --remove leaves an empty folder that is mounted, and the account whose it is', async () => {
  const fresh = await openTestMachine()
  try {
    await beginOn(fresh, '/srv')
    const ran = await fresh.pchat(['bootstrap', '--remove', '--json'])
    expect(ran.code, ran.said).toBe(0)
    const { removed, stays } = JSON.parse(ran.out)
    expect(stays).toContainEqual({ what: '/srv', why: 'it is mounted, or other machines may have it, too' })
    expect(stays.map(({ what }: { what: string }) => what)).toContain('the account pchat')
    expect(removed).toContainEqual(expect.stringContaining('units: '))
    await fresh.run('getent', ['passwd', 'pchat'])
  } finally {
    await fresh.close()
  }
})

/** Bootstraps it until its units are written, and no further. */
async function beginOn(fresh: TestMachine, dataDir: string): Promise<void> {
  const document = standardDocument(await freePort())
  document.standardServers[0].dataDir = dataDir
  await writeFile(fresh.path('etc/topology.json'), JSON.stringify(document))
  const child = fresh.start(['bootstrap', '--topology', '/etc/topology.json', '--json'])
  // Well before it is started: systemd is still to be told twice.
  const unit = fresh.path('etc/systemd/system/pchat-persistent-chat.service')
  await expect.poll(() => existsSync(unit), { timeout: 60_000, interval: 5 }).toBe(true)
  child.kill('SIGKILL')
  await child.ended
  await fresh.run('systemctl', ['stop', 'pchat.target'])
  await rm(fresh.path('etc/topology.json'))
}
