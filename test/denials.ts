import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { Room } from '../src/protocol/room.ts'
import { purgeSlice } from '../src/store/upkeep.ts'
import { openFileSite } from './files.ts'
import type { Person } from './harness.ts'

export type Scope = { person?: string; room?: string; category?: string; from?: string; until?: string }

/** A site with a compliance officer and two who write, whose loops look rarely: what goes, and when, is for the tests. */
export async function openDenialSite() {
  const site = await openFileSite({ lookMs: 600_000 })
  const officer = await site.addUser('officer@example.com')
  const ann = await site.addUser('ann@example.com')
  const bob = await site.addUser('bob@example.com')
  await site.admin.call('role.grant', { principal: officer.me.id, role: 'complianceOfficer', granted: true })
  const lift = (denial: string) => officer.call('denial.lift', { denial, reason: 'closed' })
  const purge = async () => {
    while (await purgeSlice(site.db));
  }
  return {
    ...{ site, officer, ann, bob, lift, purge },
    say: async (person: Person, room: Room, text: string) =>
      (await person.call('message.post', { room: room.id, clientId: randomUUID(), text })).seq,
    deny: async (scope: Scope) => {
      const { denial, reach } = await officer.call('denial.add', { ...scope, reason: 'Matter 12' })
      return { id: denial!.id, reach: reach! }
    },
    texts: async (room: Room) =>
      (await ann.call('message.list', { room: room.id, limit: 100 })).messages.map(one =>
        'text' in one ? one.text : null,
      ),
    stateOf: async (file: string) =>
      (await site.db.query<{ state: string }>('SELECT state FROM file WHERE id = $1', [file])).rows[0]?.state,
    /** Between two tests nothing is held. */
    async liftAll() {
      for (const { id } of (await officer.call('denial.list', {})).denials) await lift(id)
      await purge()
    },
    async stop() {
      await site.stop()
      await rm(site.folder, { recursive: true, force: true })
    },
  }
}
export type DenialSite = Awaited<ReturnType<typeof openDenialSite>>

export const later = '2100-01-01T00:00:00Z'
