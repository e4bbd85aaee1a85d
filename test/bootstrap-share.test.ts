import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Check } from '../src/cli/doctor-check.ts'
import { openTestMachine, type TestMachine } from './machine.ts'
import { root } from './source.ts'
import { freePort } from './store-pair.ts'
import { exampleOf } from './topology-document.ts'

vi.setConfig({ testTimeout: 120_000 })

let machine: TestMachine
/** Number of the account on the machines that share the folder. */
const account = '640'
/**
 * Root as file servers take it that map root of their clients to nobody: it may do with what is somebody else's what everybody may, and
 * may become somebody else.
 */
const powerless = ['--bounding-set', '-dac_override,-dac_read_search,-chown,-fowner']
const asRoot = (...words: string[]) => machine.run('setpriv', [...powerless, ...words])
const source = (file: string) => JSON.stringify(join(root, 'src/cli', file))
const script = (text: string) => asRoot(process.execPath, '--input-type=module', '--eval', text)

beforeAll(async () => {
  machine = await openTestMachine()
  await machine.run('install', ['-d', '-o', 'root', '-g', 'root', '-m', '0755', '/etc/pchat', '/srv/fresh'])
  const ours = ['-d', '-o', account, '-g', account, '-m', '0750']
  await machine.run('install', [...ours, '/srv/share', '/srv/share/pc', '/srv/data'])
  await machine.run('sh', [
    '-c',
    `echo -n the-pool > /srv/share/pc/pchat-file-store && chown ${account} /srv/share/pc/*`,
  ])
})
afterAll(() => machine?.close())

test('[BS72] a share whose server takes root for nobody is tried as whoever owns it: written, renamed, locked, its mark read', async () => {
  await expect(asRoot('touch', '/srv/share/one')).rejects.toThrow(/Permission denied/)
  await expect(asRoot('chown', 'root', '/srv/share')).rejects.toThrow(/not permitted/)
  const document = exampleOf('standard-edition')
  document.standardServers[0].dataDir = '/srv/data'
  Object.assign(document.persistentChatPools[0], {
    ...{ port: await freePort(), fileStore: { place: '/srv/share', shared: true } },
  })
  await writeFile(machine.path('srv/topology.json'), JSON.stringify(document))
  const words = [join(root, 'src/cli/main.ts'), 'bootstrap', '--check', '--topology', '/srv/topology.json', '--json']
  const said = await asRoot('sh', '-c', '"$@" || true', 'sh', process.execPath, ...words)
  const checks = (JSON.parse(said).checks as Check[]).filter(({ area }) => area === 'file store')
  const stateOf = (name: string) => checks.find(({ check }) => check === `/srv/share: ${name}`)
  expect(stateOf('write and rename')).toMatchObject({ state: 'ok', found: expect.stringContaining('renamed') })
  expect(stateOf('lock')).toMatchObject({ state: 'ok', found: 'one has it, the other is refused' })
  expect(
    await script(`import { readMark } from ${source('probe-folder.ts')}\nconsole.log(await readMark('/srv/share'))`),
  ).toBe('the-pool\n')
  expect(await machine.run('ls', ['-A', '/srv/share'])).toBe('pc\n')
})

test('[BS73] what belongs to the account is left as it is; what root may not give to it is told with what to do on the file server', async () => {
  const step = (fileStore: string) =>
    script(`
      import { foldersDoing } from ${source('bootstrap-account.ts')}
      const machine = { run: async () => 'pchat:x:${account}:${account}::/nonexistent:/usr/sbin/nologin' }
      const plan = { processes: [{ settings: { dataDir: '/srv/data' }, fileStore: '${fileStore}' }] }
      const doing = foldersDoing({ plan, machine })
      const { done, found } = await doing.look()
      console.log(done, found)
      await doing.act().catch(error => console.log(error.message))`)
  expect(await step('/srv/share')).toBe('true /etc/pchat, /srv/data, /srv/share\n')
  expect(await step('/srv/fresh')).toMatch(
    /^false to be made: \/srv\/fresh\n\/srv\/fresh cannot be .* by root of this machine \(EPERM\)\. .*install -d -m 0750 -o NUMBER/,
  )
})
