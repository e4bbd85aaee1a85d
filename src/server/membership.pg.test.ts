import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openPeople } from '../../test/people.ts'
import { openGate } from '../../test/race-server.ts'
import { beat } from '../store/server.ts'
import { openMembership } from './membership.ts'

let people: Awaited<ReturnType<typeof openPeople>>
beforeAll(async () => {
  people = await openPeople()
})
afterAll(() => people.close())

test('[SV9] after the store was away nobody counts as dead before he had time to say that he lives', async () => {
  const { gate, db } = openGate(people.chat.db)
  const other = '00000000-0000-4000-8000-00000000000a'
  const gone: string[] = []
  const membership = await openMembership(
    { ...people.chat, db },
    {
      server: 'one',
      url: () => 'ws://one/ws',
      program: 'test',
      sessions: () => 0,
      onGone: member => gone.push(member),
    },
  )
  const process = { id: other, server: 'one', url: 'ws://two/ws', program: 'test', sessions: 0, draining: false }
  await beat(people.chat.db, process)
  await vi.waitFor(() => expect(membership.servers()).toEqual(['ws://one/ws', 'ws://two/ws']), 5_000)
  gate.setAway(true)
  // As long as an outage that nobody could beat in.
  await people.chat.db.query("UPDATE server_process SET beat_at = beat_at - interval '20 seconds'")
  await new Promise(resolve => setTimeout(resolve, 3_500))
  gate.setAway(false)
  await new Promise(resolve => setTimeout(resolve, 2_500))
  expect([gone, membership.servers()]).toEqual([[], ['ws://one/ws', 'ws://two/ws']])
  // Who says goodbye is believed at once.
  await people.chat.db.query('DELETE FROM server_process WHERE id = $1', [other])
  await vi.waitFor(() => expect(gone).toEqual([other]), 5_000)
  expect(membership.servers()).toEqual(['ws://one/ws'])
  await membership.stop()
})
