import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type DenialSite, openDenialSite } from './denials.ts'
import { openRoomFor, postFile } from './files.ts'
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
