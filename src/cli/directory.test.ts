import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeFolder } from '../../test/folder.ts'
import { openSite, type Site } from '../../test/harness.ts'
import { runPchat } from '../../test/pchat.ts'
import { group, openScriptedDirectory, type ScriptedDirectory, user } from '../../test/scripted-directory.ts'
import { addDirectory } from './directory.ts'

let site: Site
let url: string
let corp: ScriptedDirectory
let folder: string
let file: string
beforeAll(async () => {
  site = await openSite()
  const { host, user: name, database } = site.database.address
  url = `postgres://${name}@${encodeURIComponent(host)}/${database}`
  folder = await makeFolder('pchat-cli-directory')
  file = join(folder, 'directory.yaml')
  await writeFile(
    file,
    `ldap: [{name: corp, kind: openldap, urls: ['ldaps://x'], bindDn: cn=x, bindPassword: {env: X}, base: dc=corp, domain: corp.example}]`,
  )
  corp = openScriptedDirectory()
  corp.put(user('1', 'ann'))
  corp.put(group('g', 'Team', ['cn=ann,dc=corp']))
})
afterAll(() => site.stop())

/** The verb within this process, with the scripted directory in place of LDAP. */
async function directory(...args: string[]): Promise<{ code: number; said: string }> {
  let said = ''
  const write = (text: unknown) => {
    said += `${text}\n`
  }
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(write),
    vi.spyOn(console, 'error').mockImplementation(write),
  ]
  const program = new Command('pchat').exitOverride()
  addDirectory(program, () => corp)
  process.exitCode = undefined
  const where = ['--database-url', url, ...(args[0] === 'explain' ? [] : ['--directory-config', file])]
  await program.parseAsync(['node', 'pchat', 'directory', ...args, ...where])
  const code = Number(process.exitCode ?? 0)
  process.exitCode = undefined
  for (const spy of spies) spy.mockRestore()
  return { code, said }
}

test('[DS29] a run by the command line says what it did, as a table and as JSON, and a dry run does nothing', async () => {
  const dry = await directory('sync', '--dry-run')
  expect(dry.code).toBe(0)
  expect(dry.said).toMatch(/^corp: would change, all read, 2 objects in/)
  expect(dry.said).toMatch(/added +2/)
  expect(dry.said).toMatch(/memberAdded +user +ann@corp.example +into Team/)
  expect(JSON.parse((await directory('sync', '--json')).said)).toMatchObject({
    runs: [{ source: 'corp', counts: { added: 2, memberAdded: 1 } }],
  })
  expect((await directory('sync')).said).toMatch(/Nothing differs/)
  expect((await directory('status')).said).toMatch(/corp +\d+ s ago +- +0 +1 +0 +1/)
  const { entries } = await site.admin.call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({ actor: null, action: 'directory.sync' })
})

test('[DS29] a check ends with 3 where something differs, one person is read anew, and who he is is told', async () => {
  expect(await directory('check')).toMatchObject({ code: 0, said: expect.stringMatching(/Nothing differs/) })
  corp.change('1', { displayName: 'Ann A.' })
  expect(await directory('check')).toMatchObject({ code: 3, said: expect.stringMatching(/changed +1/) })
  expect((await directory('resync', 'ann@corp.example')).said).toMatch(/changed +1/)
  const category = await site.addCategory({ allowedMembers: ['Team'] })
  const room = await site.addRoom({ category: category.id })
  const { code, said } = await directory('explain', 'ann@corp.example', '--room', room.id)
  expect(code).toBe(0)
  expect(said).toMatch(/Comes from +corp, cn=ann,dc=corp/)
  expect(said).toMatch(/Member of Team/)
  expect(said).toMatch(/He may not enter this room/)
})

test('[DS29] what cannot be is told in a sentence, and ends with 1', async () => {
  expect(await directory('sync', '--source', 'unheard')).toMatchObject({
    code: 1,
    said: expect.stringMatching(/knows corp/),
  })
  expect(await directory('resync', 'nobody')).toMatchObject({ code: 1, said: expect.stringMatching(/no user, group/) })
  corp.away = 'ldaps://x is not reached.'
  expect(await directory('sync')).toMatchObject({ code: 1, said: 'pchat: ldaps://x is not reached.\n' })
  corp.away = undefined
})

test('[DS30] all faults of the configuration are shown at start, and the server does not start', {
  timeout: 60_000,
}, async () => {
  const faulty = join(folder, 'faulty.yaml')
  await writeFile(faulty, 'ldap: [{name: Corp}]\nsecondFactor: never\n')
  for (const workers of ['1', '2']) {
    const args = ['start', '--port', '0', '--data-dir', join(folder, `data${workers}`), '--database-url', url]
    const server = runPchat([...args, '--workers', workers, '--directory-config', faulty])
    expect(await server.ended).toBe(1)
    expect(server.said()).toMatch(/--directory-config \S+faulty.yaml is not usable/)
    expect(server.said()).toMatch(/\/ldap\/0/)
    expect(server.said()).toMatch(/\/secondFactor/)
  }
  const env = { PCHAT_DIRECTORY_CONFIG: join(folder, 'missing.yaml'), PCHAT_DATABASE_URL: url }
  const sync = runPchat(['directory', 'sync'], { env })
  expect(await sync.ended).toBe(1)
  expect(sync.said()).toMatch(/missing.yaml cannot be read \(ENOENT\)/)
})
