import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Head, hashOf } from './central.ts'
import { standingOf, standingSentence } from './central-standing.ts'
import { type Replica, readReplica, readTrace, writeReplica } from './replica.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pchat-replica-'))
  file = join(folder, 'topology-replica.json')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const files = async () => (await readdir(folder)).sort()

function replicaOf(version: number, document = `version: ${version}\nname: Zürich\n`): Replica {
  const [store, at] = ['00000000-0000-4000-8000-000000000001', '2026-11-30T12:00:00.000Z']
  const mark = `00000000-0000-4000-8000-${String(version).padStart(12, '0')}`
  return { store, version, mark, hash: hashOf(document), author: 'ann@desk', note: '', at, adoptions: [], document }
}

test('[CM10] the replica is kept as it was written, for its owner alone; where there is none, there is none', async () => {
  expect(await readReplica(file)).toBeUndefined()
  await writeReplica(file, replicaOf(1))
  await writeReplica(file, replicaOf(2))
  expect(await readReplica(file)).toEqual(replicaOf(2))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await files()).toEqual(['topology-replica.json', 'topology-replica.json.last'])
})

test('[CM11] cut off anywhere, or with any one letter changed, it is refused as torn', async () => {
  await writeReplica(file, replicaOf(1, 'a: 1\n'))
  const whole = await readFile(file)
  for (let length = 0; length < whole.length; length += 1) {
    await writeFile(file, whole.subarray(0, length))
    expect(await readReplica(file), `${length} bytes`).toHaveProperty('torn')
  }
  for (let place = 0; place < whole.length; place += 1) {
    const altered = Buffer.from(whole)
    altered[place] = altered[place]! ^ 1
    await writeFile(file, altered)
    expect(await readReplica(file), `byte ${place}`).toHaveProperty('torn')
  }
  await writeFile(file, whole)
  expect(await readReplica(file)).toEqual(replicaOf(1, 'a: 1\n'))
})

test('[CM15] what the replica was stays known when it is torn or gone; torn itself, it is not known', async () => {
  expect(await readTrace(file)).toBeUndefined()
  await writeReplica(file, { ...replicaOf(7), adoptions: ['a1'] })
  await writeFile(file, '')
  const { store, mark } = replicaOf(7)
  expect(await readTrace(file)).toEqual({ store, version: 7, mark, adoptions: ['a1'] })
  await writeFile(`${file}.last`, (await readFile(`${file}.last`, 'utf8')).replace('7', '1'))
  expect(await readTrace(file)).toBeUndefined()
})

test('[CM11] a document that is not what its hash says is refused, also under a good checksum', async () => {
  await writeReplica(file, { ...replicaOf(1), hash: hashOf('another one') })
  expect(await readReplica(file)).toEqual({ torn: 'its document has another hash' })
})

test('[CM10] a writer that is killed at any moment leaves the one before or the next one, whole, and its draft goes', async () => {
  const module = JSON.stringify(fileURLToPath(new URL('./replica.ts', import.meta.url)))
  const program = `
    import { createHash } from 'node:crypto'
    import { writeReplica } from ${module}
    for (let version = Number(process.argv[2]); ; version += 1) {
      const document = 'v' + version + ' ' + 'x'.repeat(300_000)
      const hash = createHash('sha256').update(document).digest('hex')
      const more = { store: 's', mark: 'm', author: 'a', note: '', at: 'now', adoptions: [] }
      await writeReplica(process.argv[1], { version, document, hash, ...more })
      console.log(version)
    }`
  let told = 0
  for (let round = 0; round < 8; round += 1) {
    const args = ['--input-type=module-typescript', '-e', program, file, `${told + 1}`]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told = Number(text.trim().split('\n').at(-1))
    })
    await once(child.stdout, 'data')
    await sleep(round * 3)
    child.kill('SIGKILL')
    await once(child, 'close')
    const kept = await readReplica(file)
    expect(kept).not.toHaveProperty('torn')
    expect([told, told + 1]).toContain((kept as Replica).version)
  }
  const drafts = (await readdir(folder)).filter(name => name.endsWith('.new'))
  for (const name of drafts) await utimes(join(folder, name), 0, 0)
  const another = join(folder, 'something-else.new')
  await writeFile(another, '')
  await utimes(another, 0, 0)
  await writeReplica(file, replicaOf(1))
  expect(await files()).toEqual(['something-else.new', 'topology-replica.json', 'topology-replica.json.last'])
}, 60_000)

test('[CM10] where the replica cannot be written, what was there stays, and no draft is left', async () => {
  await writeReplica(file, replicaOf(1))
  const gone = join(folder, 'gone', 'topology-replica.json')
  await expect(writeReplica(gone, replicaOf(2))).rejects.toThrow('ENOENT')
  const loop = {
    ...replicaOf(2),
    get document(): string {
      throw new Error('no text')
    },
  }
  await expect(writeReplica(file, loop)).rejects.toThrow('no text')
  expect(await readReplica(file)).toEqual(replicaOf(1))
  expect(await files()).toEqual(['topology-replica.json', 'topology-replica.json.last'])
})

test('[CM15] how a replica stands to a store: only what follows on it, or was adopted since, is taken', () => {
  const held = { store: 's', version: 5, mark: 'm5', adoptions: ['a1'] }
  const head = (more: Partial<Head>): Head => ({
    ...{ store: 's', version: 5, mark: 'm5', markThere: 'm5', hashThere: 'h5', adoptions: ['a1'] },
    ...more,
  })
  const cases: [string, Head, typeof held | undefined][] = [
    ['same', head({}), held],
    ['newer', head({ version: 6, mark: 'm6' }), held],
    ['newer', head({}), undefined],
    ['empty', head({ version: 0, mark: null, markThere: null }), undefined],
    ['behind', head({ version: 0, mark: null, markThere: null }), held],
    ['behind', head({ version: 3, mark: 'm3', markThere: null }), held],
    ['parted', head({ mark: 'x5', markThere: 'x5' }), held],
    ['parted', head({ version: 9, mark: 'x9', markThere: 'x5' }), held],
    ['other', head({ store: 't', version: 9, mark: 'x9', markThere: 'x5' }), held],
    // A copy that was renamed into another store.
    ['other', head({ store: 't' }), held],
    ['newer', head({ version: 3, mark: 'm3', markThere: null, adoptions: ['a1', 'a2'] }), held],
    ['newer', head({ version: 9, mark: 'x9', markThere: 'x5', adoptions: ['a2'] }), held],
    ['newer', head({ store: 't', version: 1, mark: 't1', markThere: null, adoptions: ['b'] }), held],
    // Nothing to take, whatever was adopted.
    ['behind', head({ version: 0, mark: null, markThere: null, adoptions: ['a2'] }), held],
    // An adoption that is known already was before the replica went ahead.
    ['behind', head({ version: 3, mark: 'm3', markThere: null, adoptions: [] }), held],
  ]
  expect(cases.map(([, there, mine]) => standingOf(there, mine))).toEqual(cases.map(([standing]) => standing))
  expect(standingSentence('behind', head({ version: 3 }), held)).toMatch(/has version 3, older than version 5.*adopt/)
  expect(standingSentence('parted', head({ version: 9 }), held)).toContain('another version 5')
  expect(standingSentence('other', head({ store: 't' }), held)).toContain('is another one')
})
