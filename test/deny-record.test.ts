import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type DenialSite, later, openDenialSite } from './denials.ts'
import { openRoomFor } from './files.ts'
import { shellOf } from './shell.ts'

let here: DenialSite
beforeAll(async () => {
  here = await openDenialSite()
}, 60_000)
afterAll(() => here.stop())
afterEach(() => here.liftAll())

test('[CP89] only officers set, see and lift denials; each is in the audit record and the outbox, with its reason; what is wrong changes nothing', async () => {
  const { site, officer, ann, say } = here
  await officer.call('compliance.update', { recording: true })
  const room = await openRoomFor(site, [ann])
  for (const verb of ['denial.add', 'denial.list', 'denial.lift'] as const)
    expect(await site.admin.code(verb, { room: room.id, reason: 'r', denial: randomUUID() } as never), verb).toMatch(
      /forbidden|invalid_argument/,
    )
  expect(await site.admin.code('denial.list', {})).toBe('forbidden')
  const wrong: [object, string][] = [
    [{ reason: 'r' }, 'invalid_argument'],
    [{ room: room.id, reason: '  ' }, 'invalid_argument'],
    [{ room: room.id }, 'invalid_argument'],
    [{ from: '2026-02-31T00:00:00Z', reason: 'r' }, 'invalid_argument'],
    [{ from: later, until: later, reason: 'r' }, 'invalid_argument'],
    [{ room: randomUUID(), reason: 'r' }, 'not_found'],
    [{ category: randomUUID(), reason: 'r' }, 'not_found'],
    [{ person: 'nobody@example.com', reason: 'r' }, 'not_found'],
    [{ person: 'example.com', reason: 'r' }, 'invalid_argument'],
  ]
  for (const [input, code] of wrong)
    expect(await officer.code('denial.add', input as never), JSON.stringify(input)).toBe(code)
  await say(ann, room, 'gold')
  const scope = { person: ann.me.name, room: room.id, from: '2026-01-01T00:00:00Z', until: later, reason: 'Matter 12' }
  const dry = await officer.call('denial.add', { ...scope, dryRun: true })
  expect(dry).toMatchObject({ reach: { messages: 1 } })
  expect(dry.denial).toBeUndefined()
  expect((await officer.call('denial.list', {})).denials).toEqual([])
  const { denial } = await officer.call('denial.add', scope)
  expect(denial).toMatchObject({
    ...{ person: { name: ann.me.name }, room: { id: room.id, name: room.name }, reason: 'Matter 12' },
    ...{ from: '2026-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z', by: { id: officer.me.id } },
  })
  expect((await officer.call('denial.list', {})).denials).toEqual([denial])
  expect(await officer.code('denial.lift', { denial: randomUUID(), reason: 'r' })).toBe('not_found')
  const shown = await officer.call('denial.lift', { denial: denial!.id, reason: 'r', dryRun: true })
  expect(shown).toMatchObject({ denial, reach: { messages: 1 } })
  const lifted = await officer.call('denial.lift', { denial: denial!.id, reason: 'closed' })
  expect(lifted.denial.lifted).toMatchObject({ by: { id: officer.me.id }, reason: 'closed' })
  expect(await officer.code('denial.lift', { denial: denial!.id, reason: 'again' })).toBe('conflict')
  expect((await officer.call('denial.list', { lifted: true })).denials[0]).toEqual(lifted.denial)
  const { rows } = await site.db.query<{ data: { action: string; subject: string; detail: { reason: string } } }>(
    "SELECT data FROM outbox WHERE kind = 'change' AND data->>'action' LIKE 'denial.%' ORDER BY at",
  )
  expect(rows.map(({ data }) => [data.action, data.subject, data.detail.reason])).toEqual([
    ['denial.add', denial!.id, 'Matter 12'],
    ['denial.lift', denial!.id, 'closed'],
  ])
  await officer.call('compliance.update', { recording: false })
  const found = (await officer.call('audit.list', { subject: denial!.id })).entries
  const holds = {
    person: ann.me.id,
    room: room.id,
    from: '2026-01-01T00:00:00.000Z',
    until: '2100-01-01T00:00:00.000Z',
  }
  expect(found.map(one => [one.action, one.actor?.id, one.detail])).toEqual([
    ['denial.lift', officer.me.id, { ...holds, reason: 'closed' }],
    ['denial.add', officer.me.id, { ...holds, reason: 'Matter 12' }],
  ])
})

test('[CP89] the audit record says nothing of denials to those who are no officers, whichever way they ask', async () => {
  const { site, officer, ann, deny, lift } = here
  const room = await openRoomFor(site, [ann])
  const { id } = await deny({ person: ann.me.id, room: room.id })
  await lift(id)
  const asked = [
    {},
    { action: 'denial.' },
    { action: 'denial.add' },
    { subject: id },
    { actor: officer.me.id },
    { text: 'Matter 12' },
    { text: ann.me.id },
    { limit: 1 },
  ]
  for (const input of asked) {
    const { entries } = await site.admin.call('audit.list', input)
    expect(
      entries.map(one => one.action).filter(action => action.startsWith('denial.')),
      JSON.stringify(input),
    ).toEqual([])
  }
  expect((await site.admin.call('audit.list', { limit: 1 })).entries.length).toBe(1)
  for (const input of [{ action: 'denial.' }, { subject: id }, { text: 'Matter 12' }, { actor: officer.me.id }])
    expect(
      (await officer.call('audit.list', input)).entries.map(one => one.action),
      JSON.stringify(input),
    ).toEqual(expect.arrayContaining(['denial.add']))
  // The machine's own command lists denials too.
  const pchat = shellOf(site)
  expect((await pchat('audit', 'get', '--action', 'denial.', '--json')).out).not.toContain(id)
  await site.admin.call('role.grant', { principal: site.admin.me.id, role: 'complianceOfficer', granted: true })
  expect((await site.admin.call('audit.list', { subject: id })).entries.length).toBe(2)
  await site.admin.call('role.grant', { principal: site.admin.me.id, role: 'complianceOfficer', granted: false })
  expect((await site.admin.call('audit.list', { subject: id })).entries).toEqual([])
})
