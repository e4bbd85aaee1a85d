import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Site } from '../../test/harness.ts'
import { runPchat } from '../../test/pchat.ts'

let site: Site
let url: string
beforeAll(async () => {
  site = await openSite({ server: 'one' })
  await (await site.another({ server: 'gone' })).stop()
  const { host, user, database } = site.database.address
  url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
})
afterAll(() => site.stop())

async function pool(...args: string[]) {
  const program = runPchat(['pool', ...args], { env: { PCHAT_DATABASE_URL: url } })
  return { code: await program.ended, said: program.said() }
}

/** Without what goes on by itself. */
const named = (state: unknown) =>
  (state as { state: string; servers: { name: string; active: boolean }[] }).servers.map(({ name, active }) => [
    name,
    active,
  ])

test('[SV8] the state of the pool is shown as a table, and as JSON', async () => {
  const { code, said } = await pool('state')
  expect(code).toBe(0)
  const lines = said
    .trim()
    .split('\n')
    .map(line => line.split(/\s\s+/))
  expect(lines[0]).toEqual(['State: normal'])
  expect(lines[1]).toEqual(['SERVER', 'ROLE', 'PROCESSES', 'SESSIONS', 'PROGRAM', 'ADDRESS'])
  expect(lines[2]?.slice(0, 4)).toEqual(['one', 'active', '1', '0'])
  expect(lines[3]?.slice(0, 4)).toEqual(['gone', 'active', 'no', '0'])
  const { servers } = JSON.parse((await pool('state', '--json')).said)
  expect(servers.map((server: { name: string }) => server.name)).toEqual(['one', 'gone'])
})

test('[SV8] a change is in force when the command ends, and stands in the audit record', async () => {
  expect(await pool('active-servers', 'set', 'gone')).toMatchObject({
    code: 0,
    said: expect.stringMatching(/one +stand-by/),
  })
  const { notes } = (await (await fetch(`${site.url}/readyz`)).json()) as { notes: string[] }
  expect(notes).toEqual(['on stand-by'])
  const { entries } = await site.admin.call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({
    actor: { name: 'operator' },
    action: 'pool.update',
    detail: { activeServers: 'gone' },
  })
  expect((await pool('active-servers', 'swap')).said).toMatch(/one +active/)
  expect((await pool('failed-over')).said).toMatch(/State: failed-over/)
  expect((await pool('normal')).said).toMatch(/State: normal/)
  expect((await pool('active-servers', 'set', '--none')).said).toMatch(/one +stand-by/)
})

test('[SV8] what cannot be is refused with a sentence and changes nothing; a server that runs is not taken out', async () => {
  expect(await pool('active-servers', 'set', 'two')).toMatchObject({
    code: 1,
    said: expect.stringMatching(/knows no server two/),
  })
  expect(await pool('active-servers', 'set')).toMatchObject({ code: 2, said: expect.stringMatching(/or say --none/) })
  expect(await pool('remove-server', 'one')).toMatchObject({
    code: 1,
    said: expect.stringMatching(/is running. Stop it first/),
  })
  expect((await pool('remove-server', 'gone')).code).toBe(0)
  expect(await pool('remove-server', 'gone')).toMatchObject({
    code: 1,
    said: expect.stringMatching(/knows no server gone/),
  })
  expect((await pool('state')).said).not.toMatch(/gone/)
})

test('[SV10] --what-if says what would change, or be refused, and changes nothing', async () => {
  await (await site.another({ server: 'idle' })).stop()
  const before = (await pool('state', '--json')).said
  const tried = await pool('active-servers', 'set', 'idle', '--what-if', '--json')
  const { servers } = JSON.parse(before) as { servers: { name: string; active: boolean }[] }
  expect(JSON.parse(tried.said)).toEqual({
    whatIf: true,
    changes: servers
      .filter(({ name, active }) => active !== (name === 'idle'))
      .map(({ name, active }) => ({
        what: `server ${name}`,
        change: 'role',
        ...(active ? { now: 'active', after: 'stand-by' } : { now: 'stand-by', after: 'active' }),
      })),
  })
  expect((await pool('failed-over', '--what-if')).said).toMatch(/^pool +state +normal +failed-over$/m)
  expect((await pool('normal', '--what-if')).said).toBe('Nothing would change.\n')
  expect((await pool('remove-server', 'idle', '--what-if')).said).toMatch(/^server idle +remove +(active|stand-by)$/m)
  expect(await pool('remove-server', 'one', '--what-if')).toMatchObject({
    code: 1,
    said: expect.stringMatching(/is running. Stop it first/),
  })
  expect(await pool('active-servers', 'swap', '--what-if')).toMatchObject({ code: 0 })
  const still = JSON.parse((await pool('state', '--json')).said) as typeof before
  expect(named(still)).toEqual(named(JSON.parse(before)))
  const { entries } = await site.admin.call('audit.list', { limit: 1 })
  expect(entries[0]).not.toMatchObject({ detail: { removeServer: 'idle' } })
})

test('[SV8] without a store, or with one that holds no pool, it says so', async () => {
  const away = runPchat(['pool', 'state', '--data-dir', '/nonexistent'], { env: { PCHAT_DATABASE_URL: '' } })
  expect(await away.ended).toBe(1)
  expect(away.said()).toMatch(/No server runs in \/nonexistent/)
  const empty = runPchat(['pool', 'state', '--database-url', url.replace(/[^/]+$/, 'postgres')])
  expect(await empty.ended).toBe(1)
  expect(empty.said()).toMatch(/holds no pool yet/)
})
