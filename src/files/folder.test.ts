import { execFile } from 'node:child_process'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { makeFolder } from '../../test/folder.ts'
import { root } from '../../test/source.ts'
import { openFolder } from './folder.ts'
import { fileStoreContract } from './store.contract.ts'

const folder = await makeFolder('pchat-folder')
afterAll(() => rm(folder, { recursive: true, force: true }))

fileStoreContract('a folder', () => openFolder(folder))

test('[FI19] what a killed server was writing is no object', async () => {
  const store = await openFolder(folder)
  await writeFile(join(folder, 'incoming', 'ab-half'), 'half')
  for await (const { key } of store.list()) expect(key).not.toBe('ab-half')
  await expect(store.get('ab-half')).rejects.toThrow('no object')
})

/** A file system of 1 MiB, which only a process of its own sees. */
const full = `
  import { openFolder } from './src/files/folder.ts'
  const store = await openFolder(process.argv[1])
  const outcomes = []
  for (let i = 0; i < 8; i += 1) outcomes.push(await store.put('ab-' + i, Buffer.alloc(200_000, i)).then(() => 'ok', error => error.code))
  await store.remove('ab-0')
  outcomes.push(await store.put('cd-1', Buffer.alloc(1_000)).then(() => 'ok', error => error.code))
  const keys = []
  for await (const { key, size } of store.list()) if (size !== 200_000 && size !== 1_000) keys.push(key)
  console.log(JSON.stringify({ outcomes, half: keys }))
`

test('[FI20] on a full disk a put is refused, leaves nothing, and goes on when there is space again', async () => {
  const place = await makeFolder('pchat-full')
  const { stdout } = await promisify(execFile)(
    'unshare',
    [
      ...['--user', '--map-root-user', '--mount', 'sh', '-c'],
      `mount -t tmpfs -o size=1m none ${place} && exec "$0" --input-type=module -e "$1" ${place}`,
      ...[process.execPath, full],
    ],
    { cwd: root },
  )
  const { outcomes, half } = JSON.parse(stdout) as { outcomes: string[]; half: string[] }
  expect(outcomes.slice(0, 4)).toEqual(['ok', 'ok', 'ok', 'ok'])
  expect(outcomes.slice(4, 8)).toContain('unavailable')
  expect(outcomes.at(-1)).toBe('ok')
  expect(half).toEqual([])
  expect(await readdir(place)).toEqual([])
  await rm(place, { recursive: true })
})
