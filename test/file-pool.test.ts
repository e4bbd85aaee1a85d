import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openFolder } from '../src/files/folder.ts'
import { noKeys } from '../src/files/keys.ts'
import { keepLease, takeLease } from '../src/store/file-lease.ts'
import { type FileSite, openFileSite, openRoomFor } from './files.ts'
import type { Person } from './harness.ts'
import { getFile, offsetOf, patch, sha256, someBytes } from './upload.ts'

let site: FileSite
let other: Awaited<ReturnType<FileSite['another']>>
let ann: Person
beforeAll(async () => {
  site = await openFileSite()
  other = await site.another({ files: { store: await openFolder(site.folder), keys: noKeys } })
  ann = await site.addUser('ann@example.com')
})
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

async function begin(size: number) {
  const room = await openRoomFor(site, [ann])
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size })
  return { room, file, here: upload, there: upload.replace(site.url, other.url) }
}

test('[FI35] another server goes on with an upload that one began, posts it, and both read it', async () => {
  const bytes = someBytes(700_000, 3)
  const { room, file, here, there } = await begin(bytes.length)
  expect((await patch(ann, here, 0, bytes.subarray(0, 300_000))).status).toBe(204)
  expect(await offsetOf(ann, there)).toBe(300_000)
  expect((await patch(ann, there, 300_000, bytes.subarray(300_000))).status).toBe(204)
  await other.at(ann).call('file.post', { room: room.id, file, clientId: randomUUID() })
  for (const { url } of [site, other]) {
    const answer = await getFile({ url }, ann, file)
    expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(bytes))
  }
})

test('[FI35] of requests that come to two servers at once one counts for each byte, whichever they are', async () => {
  for (let round = 1; round <= 5; round += 1) {
    const [left, right] = [someBytes(200_000, round * 2), someBytes(200_000, round * 2 + 1)]
    const { room, file, here, there } = await begin(200_000)
    const answers = await Promise.all([patch(ann, here, 0, left), patch(ann, there, 0, right)])
    expect(answers.map(answer => answer.status).sort()).toEqual([204, 409])
    await ann.call('file.post', { room: room.id, file, clientId: randomUUID() })
    const got = sha256(new Uint8Array(await (await getFile(site, ann, file)).arrayBuffer()))
    expect(got).toBe(sha256(answers[0]!.status === 204 ? left : right))
  }
})

test('[FI35] whoever waits for an upload is heard by its holder, and a holder that was killed holds it for seconds', async () => {
  const { file } = await begin(10)
  const [first, second] = [randomUUID(), randomUUID()]
  expect(await takeLease(site.db, file, first)).toBe(true)
  expect(await keepLease(site.db, file, first)).toBe('kept')
  expect(await takeLease(site.db, file, second)).toBe(false)
  expect(await keepLease(site.db, file, first)).toBe('wanted')
  await site.db.query("UPDATE file SET lease_until = now() - interval '1 second' WHERE id = $1", [file])
  expect(await takeLease(site.db, file, second)).toBe(true)
  expect(await keepLease(site.db, file, first)).toBe('lost')
})

test('[FI38] the last piece is answered when the file can be posted, also where another held the upload meanwhile', async () => {
  const { room, file, here } = await begin(10)
  // As another request would that waits: the upload is no sooner free than taken, once, for half a second.
  await site.db.query(`
    CREATE FUNCTION snatch_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.id = '${file}' AND OLD.lease IS NOT NULL AND NEW.lease IS NULL AND OLD.tries = 0 THEN
        NEW.lease = gen_random_uuid(); NEW.lease_until = clock_timestamp() + interval '500 milliseconds'; NEW.tries = 1;
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER snatch BEFORE UPDATE ON file FOR EACH ROW EXECUTE FUNCTION snatch_lease()`)
  onTestFinished(async () => void (await site.db.query('DROP FUNCTION snatch_lease CASCADE')))
  expect((await patch(ann, here, 0, someBytes(10))).status).toBe(204)
  expect(await ann.code('file.post', { room: room.id, file, clientId: randomUUID() })).toBe('ok')
})
