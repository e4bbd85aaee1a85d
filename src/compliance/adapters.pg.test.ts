import { randomUUID } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmptyDatabase, type TestDatabase } from '../../test/database.ts'
import { silentLog } from '../base/log.ts'
import { listPlaces } from './adapter-place.ts'
import { type ConfiguredAdapter, runAdapters } from './adapters.ts'
import { appendBatch, readArchiveId, takeMover } from './archive.ts'
import { openSigningKey } from './head.ts'
import { migrateArchive } from './migrate.ts'
import { openAdapter, produceRange } from './produce.ts'

let archive: TestDatabase
let folder: string
let fence: number
beforeEach(async () => {
  ;[archive, folder] = await Promise.all([openEmptyDatabase(), mkdtemp(join(tmpdir(), 'pchat-adapters-'))])
  await migrateArchive(archive.db)
  fence = (await takeMover(archive.db, 'here'))!
})
afterEach(async () => {
  await Promise.all([archive.drop(), rm(folder, { recursive: true, force: true })])
})

const actor = { id: randomUUID(), name: 'ann@example.com', displayName: 'Ann' }
const room = {
  id: randomUUID(),
  name: 'Desk',
  uri: 'ma-chan://example.com/x',
  category: 'Markets',
  type: 'normal',
  privacy: 'closed',
}

async function happen(count: number) {
  const events = Array.from({ length: count }, (_, n) => ({
    ...{ id: randomUUID(), at: new Date(), kind: 'chat', room: room.id, position: n + 1 },
    data: JSON.stringify({ actor, room, text: `message ${n + 1}` }),
  }))
  const appending = {
    ...{ archive: await readArchiveId(archive.db), fence, key: await openSigningKey(join(folder, 'key.pem')) },
    now: () => new Date(),
  }
  await appendBatch(archive.db, events, appending)
}

function configure(name: string, more: Partial<ConfiguredAdapter> = {}): ConfiguredAdapter {
  return {
    ...{ name, type: 'json-lines', outputDirectory: join(folder, name), runIntervalSeconds: 0 },
    ...{ oneRoomPerFile: false, roomDetails: false, userDetails: false, attachmentsManifest: false, custom: {} },
    ...more,
  }
}

async function* noFile(): AsyncGenerator<Uint8Array> {}

function run(adapters: ConfiguredAdapter[], more: { fence?: () => number | undefined } = {}) {
  return runAdapters({
    ...{ archive: archive.db, configured: async () => adapters, fence: () => fence, readFile: noFile, log: silentLog },
    ...more,
  })
}

async function until(isSo: () => Promise<boolean>) {
  for (const deadline = Date.now() + 15_000; !(await isSo()); await sleep(30))
    if (Date.now() > deadline) throw new Error('It does not come to that.')
}
const place = async (name: string) => (await listPlaces(archive.db)).find(one => one.name === name)
const linesOf = async (name: string) => {
  const names = (await readdir(join(folder, name)).catch(() => [])).filter(each => !each.startsWith('.')).sort()
  const texts = await Promise.all(names.map(each => readFile(join(folder, name, each), 'utf8')))
  return texts.flatMap(text => text.trimEnd().split('\n')).map(line => (JSON.parse(line) as { seq: number }).seq)
}

test('[CP20] each adapter writes what is new, once, from a place of its own', async () => {
  const adapters = [configure('one')]
  const running = run(adapters)
  await until(async () => (await place('one')) !== undefined)
  await happen(5)
  await until(async () => (await place('one'))?.doneSeq === 5)
  adapters.push(configure('two'))
  await until(async () => (await place('two')) !== undefined)
  await happen(4)
  await until(async () => (await place('one'))?.doneSeq === 9 && (await place('two'))?.doneSeq === 9)
  await running.stop()
  expect(await linesOf('one')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  // It was added later: what was before is produced when asked for.
  expect(await linesOf('two')).toEqual([6, 7, 8, 9])
  const settings = configure('two', { outputDirectory: join(folder, 'again') })
  const adapter = await openAdapter('json-lines', settings)
  await produceRange({ archive: archive.db, adapter, settings, readFile: noFile }, 1, 5)
  expect(await linesOf('again')).toEqual([1, 2, 3, 4, 5])
})

test('[CP21] a batch that failed comes again under the same id, and keeps no other adapter from its turn', async () => {
  const module = join(folder, 'fails.mjs')
  const marks = join(folder, 'marks')
  await mkdir(marks)
  await writeFile(
    module,
    `import { existsSync, writeFileSync, readdirSync } from 'node:fs'
     export function configure() {}
     export async function translate(batch, output) {
       await output.write(batch.id + '.txt', 'whole')
       const tries = readdirSync(${JSON.stringify(marks)}).length
       writeFileSync(${JSON.stringify(marks)} + '/' + tries + '=' + batch.id, '')
       if (tries === 0) throw new Error('the archive system hung up')
     }`,
  )
  const adapters = [configure('fails', { type: module }), configure('works')]
  const running = run(adapters)
  await until(async () => (await place('fails')) !== undefined && (await place('works')) !== undefined)
  await happen(3)
  await until(async () => (await place('fails'))?.failures === 1 && (await place('works'))?.doneSeq === 3)
  expect(await readdir(join(folder, 'fails'))).toEqual([])
  expect((await place('fails'))!.lastError).toContain('the archive system hung up')
  // More happens before it is tried again: the batch that had begun stays as it was.
  await happen(2)
  await until(async () => (await place('fails'))?.doneSeq === 5)
  await running.stop()
  const tries = (await readdir(marks)).sort().map(name => name.split('=')[1]!)
  expect(tries).toHaveLength(3)
  expect(tries[1]).toBe(tries[0])
  expect(tries[0]).toMatch(/-1-3$/)
  expect(tries[2]).toMatch(/-4-5$/)
  expect((await readdir(join(folder, 'fails'))).sort()).toEqual([`${tries[0]}.txt`, `${tries[2]}.txt`].sort())
})

test('[CP22] what a killed service left half written is no output, and goes with the next batch', async () => {
  await mkdir(join(folder, 'one', '.unfinished-0123456789ab'), { recursive: true })
  await writeFile(join(folder, 'one', '.unfinished-0123456789ab', 'half.jsonl'), '{"seq":')
  await chmod(join(folder, 'one'), 0o755)
  const running = run([configure('one')])
  await until(async () => (await place('one')) !== undefined)
  await happen(2)
  await until(async () => (await place('one'))?.doneSeq === 2)
  await running.stop()
  expect((await readdir(join(folder, 'one'))).filter(name => name.startsWith('.'))).toEqual([])
  expect(await linesOf('one')).toEqual([1, 2])
})

test('[CP23] a service that moves no events writes no output; one that was superseded notes nothing as done', async () => {
  const adapters = [configure('one')]
  const idle = run(adapters, { fence: () => undefined })
  await happen(2)
  await sleep(1_200)
  await idle.stop()
  expect(await listPlaces(archive.db)).toEqual([])
  const running = run(adapters, { fence: () => fence - 1 })
  await until(async () => (await place('one')) !== undefined)
  await happen(2)
  await sleep(1_500)
  await running.stop()
  expect((await place('one'))!.doneSeq).toBe(2)
  expect(await readdir(folder)).not.toContain('one')
})

test('[CP24] an interval in which nothing happened writes nothing', async () => {
  const running = run([configure('one', { type: 'xml' })])
  await until(async () => (await place('one'))?.doneAt != null)
  await running.stop()
  expect(await readdir(folder)).not.toContain('one')
})

test('[CP21] an adapter that hangs keeps no other from its turns', async () => {
  const module = join(folder, 'hangs.mjs')
  await writeFile(module, 'export function configure() {}\nexport const translate = () => new Promise(() => {})')
  const running = run([configure('hangs', { type: module }), configure('works')])
  await until(async () => (await place('hangs')) !== undefined && (await place('works')) !== undefined)
  await happen(3)
  await until(async () => (await place('works'))?.doneSeq === 3)
  await happen(2)
  await until(async () => (await place('works'))?.doneSeq === 5)
  expect((await place('hangs'))!.doneSeq).toBe(0)
  await running.stop()
}, 60_000)
