import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Site } from './harness.ts'
import { type SiteShell, shellOf } from './shell.ts'

let site: Site
let pchat: SiteShell
beforeAll(async () => {
  site = await openSite()
  pchat = shellOf(site)
}, 60_000)
afterAll(() => site.stop())

test('[SH1] a verb asks a server with a token or works on the store itself, with the same answer; the record calls that hand operator', async () => {
  await pchat('category', 'new', 'Trading')
  const made = await pchat.machine('room', 'new', 'FX desk', '--category', 'Trading')
  expect(made).toMatchObject({ code: 0, err: '' })
  const remote = await pchat.json('room', 'get', 'FX desk')
  const machine = await pchat.machine('room', 'get', 'FX desk', '--json')
  expect(machine.json.room).toEqual(remote.room)
  expect(remote.room.id).toBe(made.out.trim())
  const { entries } = await site.admin.call('audit.list', { limit: 10 })
  const actors = Object.fromEntries(entries.map(one => [one.action, one.actor?.name ?? null]))
  expect(actors).toMatchObject({ 'room.create': 'operator', 'category.create': 'admin@example.com' })
})
