import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openFolder } from '../src/files/folder.ts'
import { parseKeys } from '../src/files/keys.ts'
import { rekeyFiles } from '../src/files/rekey.ts'
import { type DenialSite, openDenialSite } from './denials.ts'
import { openRoomFor, postFile, putFile } from './files.ts'
import { codeOf, getFile, someBytes } from './upload.ts'

let here: DenialSite
beforeAll(async () => {
  here = await openDenialSite()
}, 60_000)
afterAll(() => here.stop())
afterEach(() => here.liftAll())

test('[CP88] SQL by hand, and a program of an earlier version, destroy nothing that is held either', async () => {
  const { site, ann, say, deny, texts } = here
  const room = await openRoomFor(site, [ann])
  const { file } = await postFile(ann, room, someBytes(400, 9))
  await say(ann, room, 'gold')
  await deny({ room: room.id })
  for (const text of [
    'DELETE FROM message WHERE room = $1',
    'UPDATE message SET text = NULL WHERE room = $1',
    "UPDATE message SET text = 'silver' WHERE room = $1",
    'UPDATE message SET file = NULL WHERE room = $1',
    'UPDATE room_head SET first_seq = 3 WHERE room = $1',
    'UPDATE room SET deleted_at = now() WHERE id = $1',
    'DELETE FROM room WHERE id = $1',
    "UPDATE file SET state = 'removed', body = NULL WHERE room = $1",
    'DELETE FROM file WHERE room = $1',
  ])
    await expect(site.db.query(text, [room.id]), text).rejects.toMatchObject({ code: 'PCDNY' })
  expect((await texts(room)).at(-1)).toBe('gold')
  expect(await codeOf(await getFile(site, ann, file))).toBe('ok')
  // Posting goes on.
  expect(await say(ann, room, 'more')).toBe(3)
})

test('[CP88] nor does SQL that first makes it another one: place, author, time, room and bytes of what is held stay', async () => {
  const { site, ann, bob, say, deny, texts } = here
  const room = await openRoomFor(site, [ann])
  const other = await openRoomFor(site, [bob])
  const { file } = await postFile(ann, room, someBytes(400, 11))
  const free = await postFile(bob, other, someBytes(400, 12))
  const unposted = await putFile(ann, room, someBytes(400, 13))
  await say(ann, room, 'gold')
  const { body } = (await site.db.query<{ body: string }>('SELECT body FROM file WHERE id = $1', [free.file])).rows[0]!
  const from = '2026-01-01T00:00:00Z'
  await deny({ person: ann.me.id, category: room.category, from })
  const ways: [string, ...unknown[]][] = [
    ["UPDATE message SET seq = -seq, text = '' WHERE room = $1"],
    ['UPDATE message SET author = $2 WHERE room = $1', bob.me.id],
    ["UPDATE message SET at = '2020-01-01' WHERE room = $1"],
    ['UPDATE message SET room = $2, seq = seq + 100 WHERE room = $1', other.id],
    ['UPDATE message SET seq = seq + 100 WHERE room = $1'],
    ['UPDATE file SET body = $2 WHERE room = $1', body],
    ['UPDATE file SET author = $2 WHERE room = $1', bob.me.id],
    ['UPDATE file SET room = $2 WHERE room = $1', other.id],
    ["UPDATE file SET posted_at = '2020-01-01' WHERE room = $1 AND seq IS NOT NULL"],
    ["UPDATE file SET posted_at = '2020-01-01' WHERE room = $1 AND seq IS NULL"],
    ["UPDATE file SET created_at = '2020-01-01' WHERE room = $1"],
    ["UPDATE file SET state = 'uploading' WHERE room = $1"],
    ["UPDATE file SET name = 'x' WHERE room = $1"],
    ['DELETE FROM file_piece WHERE body IN (SELECT body FROM file WHERE room = $1)'],
    ['UPDATE file_piece SET size = 1 WHERE body IN (SELECT body FROM file WHERE room = $1)'],
    ['UPDATE file_piece SET body = $2, start = 10000 WHERE body IN (SELECT body FROM file WHERE room = $1)', body],
    ["UPDATE file_piece SET key = 'none' || key WHERE body IN (SELECT body FROM file WHERE room = $1)"],
    ['DELETE FROM room_head WHERE room = $1'],
    ['UPDATE room_head SET room = $2 WHERE room = $1', randomUUID()],
  ]
  for (const [text, ...more] of ways)
    await expect(site.db.query(text, [room.id, ...more]), text).rejects.toMatchObject({ code: 'PCDNY' })
  expect((await texts(room)).at(-1)).toBe('gold')
  expect(await codeOf(await getFile(site, ann, file))).toBe('ok')
  // What nobody denies goes by as before, and so does what the program does with what is held.
  for (const text of [
    "UPDATE message SET seq = seq + 100, at = '2020-01-01' WHERE room = $1",
    "UPDATE file SET posted_at = '2020-01-01' WHERE room = $1",
    'DELETE FROM file_piece WHERE body IN (SELECT body FROM file WHERE room = $1)',
  ])
    expect((await site.db.query(text, [other.id])).rowCount, text).toBe(1)
  const keys = parseKeys('1'.repeat(64))
  const objects = { db: site.db, keys, store: await openFolder(site.folder) }
  expect(await rekeyFiles(objects)).toMatchObject({ faults: [] })
  const posted = await ann.call('file.post', { room: room.id, clientId: randomUUID(), file: unposted })
  expect((await site.db.query('SELECT posted_at FROM file WHERE id = $1', [unposted])).rows[0]!.posted_at).toEqual(
    new Date(posted.at),
  )
})

test('[CP88] a denial stays as it was set, is lifted once, and SQL by hand that does so stands in the audit record', async () => {
  const { site, officer, ann, bob, say, deny } = here
  const room = await openRoomFor(site, [ann])
  await say(ann, room, 'gold')
  const { id } = await deny({ person: ann.me.id, room: room.id })
  const connection = await site.db.connect()
  const changes: [string, ...unknown[]][] = [
    ['UPDATE deletion_denial SET lifted_at = now() WHERE id = $1'],
    ['UPDATE deletion_denial SET person = $2 WHERE id = $1', bob.me.id],
    ["UPDATE deletion_denial SET until_at = '2001-01-01' WHERE id = $1"],
    [
      "UPDATE deletion_denial SET reason = 'x', lifted_by = $2, lifted_at = now(), lift_reason = 'x' WHERE id = $1",
      bob.me.id,
    ],
    ['DELETE FROM deletion_denial WHERE id = $1'],
  ]
  try {
    for (const role of ['origin', 'replica']) {
      await connection.query(`SET session_replication_role = ${role}`)
      for (const [text, ...more] of changes)
        await expect(connection.query(text, [id, ...more]), text).rejects.toMatchObject({ code: '42501' })
      await expect(connection.query('TRUNCATE deletion_denial')).rejects.toMatchObject({ code: '42501' })
      for (const text of ['message', 'file CASCADE', 'file_piece', 'room_head', 'room CASCADE', 'category CASCADE'])
        await expect(connection.query(`TRUNCATE ${text}`), text).rejects.toMatchObject({ code: 'PCDNY' })
      for (const table of ['message', 'room_head'])
        await expect(connection.query(`DELETE FROM ${table} WHERE room = $1`, [room.id])).rejects.toMatchObject({
          code: 'PCDNY',
        })
    }
    const by = "lifted_by = $2, lifted_at = now(), lift_reason = 'by hand'"
    const hand = `UPDATE deletion_denial SET ${by} WHERE id = $1`
    await connection.query(hand, [id, ann.me.id])
    await expect(connection.query(hand, [id, bob.me.id])).rejects.toMatchObject({ code: '42501' })
    const made = await connection.query<{ id: string }>(
      "INSERT INTO deletion_denial (room, reason, by) VALUES ($1, 'by hand', $2) RETURNING id",
      [room.id, bob.me.id],
    )
    const entries = async (subject: string) =>
      (await officer.call('audit.list', { subject })).entries.map(one => [one.action, one.actor?.name, one.detail])
    const holds = { person: ann.me.id, room: room.id }
    expect(await entries(id)).toEqual([
      ['denial.lift', ann.me.name, { ...holds, reason: 'by hand' }],
      ['denial.add', officer.me.name, { ...holds, reason: 'Matter 12' }],
    ])
    expect(await entries(made.rows[0]!.id)).toEqual([['denial.add', bob.me.name, { room: room.id, reason: 'by hand' }]])
  } finally {
    await connection.query('RESET session_replication_role')
    connection.release()
  }
})

test('[CP88] a deletion in a transaction that would not see the denial is refused', async () => {
  const { site, ann, say, deny } = here
  const room = await openRoomFor(site, [ann])
  await say(ann, room, 'gold')
  for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
    const connection = await site.db.connect()
    try {
      await connection.query(`BEGIN ISOLATION LEVEL ${level}`)
      await connection.query('SELECT FROM message')
      await deny({ room: room.id })
      await expect(connection.query('DELETE FROM message WHERE room = $1', [room.id])).rejects.toMatchObject({
        code: '0A000',
      })
    } finally {
      await connection.query('ROLLBACK')
      connection.release()
    }
    await here.liftAll()
  }
})
