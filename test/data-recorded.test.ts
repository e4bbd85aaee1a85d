import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { openSigningKey } from '../src/compliance/head.ts'
import { migrateArchive } from '../src/compliance/migrate.ts'
import { openMover } from '../src/compliance/mover.ts'
import { reconcile } from '../src/compliance/reconcile.ts'
import { readBacklog } from '../src/store/outbox.ts'
import { openEmptyDatabase } from './database.ts'
import { makeFolder } from './folder.ts'
import { openSite, type Site } from './harness.ts'
import { shellOf } from './shell.ts'

/** What an import and compliance make of each other. */

const record = (site: Site, on: boolean) => site.db.query('UPDATE pool SET recording = $1', [on])
const textsOf = (site: Site, room: string, ...texts: string[]) =>
  texts.reduce<Promise<unknown>>(
    (before, text) => before.then(() => site.admin.call('message.post', { room, clientId: randomUUID(), text })),
    Promise.resolve(),
  )

test('[EX18] imported messages are no finding of reconcile, whenever they were posted elsewhere: it counts them; others that are not recorded are found still', async () => {
  const folder = await makeFolder('pchat-recorded')
  const file = join(folder, 'all.zip')
  const [from, site, archive] = await Promise.all([openSite(), openSite(), openEmptyDatabase()])
  try {
    await migrateArchive(archive.db)
    const found = async () => {
      const mover = openMover({
        ...{ store: site.db, archive: archive.db, key: await openSigningKey(join(folder, 'key.pem')) },
        ...{ anchorFile: undefined, holder: 'here', log: silentLog },
      })
      await expect.poll(async () => (await readBacklog(site.db, 1)).rows, { timeout: 20_000 }).toBe(0)
      await mover.stop()
      const { sound, imported, findings } = await reconcile({ store: site.db, archive: archive.db })
      return { sound, imported, told: findings.map(({ what, seq }) => [what, seq]) }
    }
    await record(site, true)
    const category = await from.addCategory({ name: 'Trading', allowedMembers: ['example.com'] })
    const desk = (await from.addRoom({ name: 'Desk', category: category.id, members: ['admin@example.com'] })).id
    await textsOf(from, desk, 'one', 'two', 'three', 'four', 'five', 'six')
    const { messages } = await from.admin.call('message.list', { room: desk, limit: 100 })
    // A beginning and a middle that are gone for good, and an end.
    await from.admin.call('room.clear', { room: desk, until: messages[1]!.at })
    await from.db.query('DELETE FROM message WHERE room = $1 AND seq IN (4, 6)', [desk])
    expect(await shellOf(from).machine('data', 'export', '--file-name', file)).toMatchObject({ code: 0 })

    const { machine } = shellOf(site)
    expect((await machine('data', 'import', file)).err).toContain('pchat compliance disable')
    await record(site, false)
    expect(await machine('data', 'import', file)).toMatchObject({ code: 0 })
    await record(site, true)
    await textsOf(site, desk, 'seven, of here', 'eight')
    expect(await found()).toEqual({ sound: true, imported: 2, told: [] })

    // A post that was kept from the record, and a hole that no import left.
    await textsOf(site, desk, 'nine, on the quiet', 'ten', 'eleven')
    await site.db.query("DELETE FROM outbox WHERE kind = 'chat' AND position IN (9, 10)")
    await site.db.query('DELETE FROM repeat WHERE room = $1 AND seq = 10', [desk])
    await site.db.query('DELETE FROM message WHERE room = $1 AND seq = 10', [desk])
    const quiet = [
      ['missing', 9],
      ['missing', 10],
    ]
    expect(await found()).toEqual({ sound: false, imported: 2, told: quiet })
    // Who says in a time of recording that it was an import is not believed.
    await site.db.query(
      `INSERT INTO audit (actor, action, subject, detail)
       SELECT actor, action, subject, '{"from": 9, "through": 10}' FROM audit WHERE action = 'data.import' AND subject = $1 LIMIT 1`,
      [desk],
    )
    expect(await found()).toEqual({ sound: false, imported: 2, told: quiet })
    // Nor who writes it then under the time of a true one.
    await site.db.query(
      `INSERT INTO audit (at, actor, action, subject, detail)
       SELECT at, actor, action, subject, '{"from": 9, "through": 11}' FROM audit WHERE action = 'data.import' AND subject = $1 ORDER BY id LIMIT 1`,
      [desk],
    )
    expect(await found()).toEqual({ sound: false, imported: 2, told: quiet })
  } finally {
    await Promise.all([from.stop(), site.stop(), archive.drop()])
  }
}, 60_000)
