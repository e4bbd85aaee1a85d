import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeWhole } from './output.ts'

test('[CP16] a batch that writes one name twice fails with that name, and leaves nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pchat-output-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const twice = writeWhole(folder, async output => {
    await output.write('a.txt', 'one')
    await output.write('a.txt', 'two')
  })
  await expect(twice).rejects.toThrow('a.txt is written twice')
  expect(await readdir(folder)).toEqual([])
  await writeWhole(folder, output => output.write('a.txt', 'three'))
  expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('three')
})
