import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../base/log.ts'
import type { StartOptions } from './options.ts'
import { followPools, readPools, writePools } from './pools-file.ts'

let folder: string
let stops: (() => Promise<void>)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pchat-pools-'))
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  stops = []
  await rm(folder, { recursive: true, force: true })
})

const main = { name: 'pchat', displayName: 'Main rooms', url: 'https://chat.example.com' }
const north = { name: 'north', displayName: 'North rooms', url: 'https://north.example.com:8443' }

async function follow(more: Partial<StartOptions> = {}) {
  const followed = await followPools({ dataDir: folder, pool: 'pchat', ...more } as StartOptions, silentLog, 20)
  stops.push(followed.stop)
  return followed
}
const names = (followed: Awaited<ReturnType<typeof follow>>) => followed.known.list().map(one => one.displayName)

test('[PL16] the file is YAML or JSON; each fault is told with what to mend', () => {
  const yaml = 'pools:\n- {name: pchat, displayName: Main rooms, url: "https://chat.example.com/", default: true}\n'
  expect(readPools(yaml, 'pchat')).toEqual([{ ...main, default: true }])
  expect(readPools(JSON.stringify({ pools: [main, north] }), 'north')).toEqual([main, north])
  const fault = (...pools: object[]) => {
    try {
      return readPools(JSON.stringify({ pools }), 'pchat')
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(fault(north)).toMatch(/There is no pool pchat in it/)
  expect(fault(main, { ...north, name: 'pchat' })).toMatch(/Two pools are called pchat/)
  expect(fault(main, { ...north, displayName: 'Main rooms' })).toMatch(/have the display name Main rooms/)
  expect(fault({ ...main, default: true }, { ...north, default: true })).toMatch(/Leave it to one/)
  for (const url of ['https://chat.example.com/path', 'javascript:alert(1)', 'https://u:p@chat.example.com', '//x', ''])
    expect(fault({ ...main, url }), url).toMatch(/url/)
  for (const name of ['', 'a b', 'a;b', 'a=b', '../x']) expect(fault(main, { ...north, name }), name).toMatch(/name/)
  expect(fault(main, { ...north, more: 1 })).toMatch(/more|additional|schema/i)
  for (const text of ['', 'pools: [', '[]', '{"pools": {}}']) expect(() => readPools(text, 'pchat'), text).toThrow()
})

test('[PL16] a change is followed while the server runs; a fault leaves what was known, and is noted', async () => {
  const file = join(folder, 'named.yaml')
  await writeFile(file, JSON.stringify({ pools: [main, north] }))
  const followed = await follow({ pools: file })
  expect(names(followed)).toEqual(['Main rooms', 'North rooms'])
  await writeFile(file, JSON.stringify({ pools: [main, { ...north, displayName: 'Far north' }] }))
  await expect.poll(() => names(followed)).toEqual(['Main rooms', 'Far north'])
  expect(followed.notes()).toEqual([])
  await writeFile(file, 'pools: [')
  await expect.poll(followed.notes).toEqual(['pools not understood'])
  expect(names(followed)).toEqual(['Main rooms', 'Far north'])
  await rm(file)
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(names(followed)).toEqual(['Main rooms', 'Far north'])
  await writeFile(file, JSON.stringify({ pools: [main] }))
  await expect.poll(() => names(followed)).toEqual(['Main rooms'])
  expect(followed.notes()).toEqual([])
})

test('[PL16] a file that is named and cannot be used refuses the start; one in the data folder need not be there', async () => {
  await expect(follow({ pools: join(folder, 'none') })).rejects.toThrow(/--pools .*none: it cannot be read \(ENOENT\)/)
  await writeFile(join(folder, 'bad'), '{}')
  await expect(follow({ pools: join(folder, 'bad') })).rejects.toThrow(/--pools .*bad/)
  const followed = await follow()
  expect(followed.known).toMatchObject({ keys: [] })
  expect(names(followed)).toEqual([])
  await writePools(folder, [main, north])
  await expect.poll(() => names(followed)).toEqual(['Main rooms', 'North rooms'])
  expect(await readdir(folder)).toEqual(['bad', 'pools.json'])
  await writePools(folder, [])
  await expect.poll(() => names(followed)).toEqual([])
  await writePools(folder, [])
  await writeFile(join(folder, 'pools.json'), 'torn')
  const again = await follow()
  expect(again.notes()).toEqual(['pools not understood'])
  expect(names(again)).toEqual([])
})

test('[PL16] keys are lines of 32 bytes; a file that holds none refuses the start', async () => {
  const file = join(folder, 'keys')
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  await writeFile(file, `${one.toString('base64')}\n\n${other.toString('base64')}\n`)
  expect((await follow({ handOverKeyFile: file })).known.keys).toEqual([one, other])
  await writeFile(file, 'short\n')
  await expect(follow({ handOverKeyFile: file })).rejects.toThrow(/--hand-over-key-file .* openssl rand -base64 32/)
})

test('[PL16] the file of the handbook is one', async () => {
  const text = await readFile(new URL('../../docs/pools.md', import.meta.url), 'utf8')
  const [, yaml = ''] = /^```yaml pools\n(.*?)^```$/ms.exec(text) ?? []
  expect(readPools(yaml, 'north').map(one => one.displayName)).toEqual(['Main rooms', 'North rooms'])
})
