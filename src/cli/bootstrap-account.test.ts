import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from '../../test/folder.ts'
import { exampleDocument } from '../topology/example.ts'
import { planServer } from '../topology/plan.ts'
import { readTopology } from '../topology/read.ts'
import { foldersDoing } from './bootstrap-account.ts'
import type { Site } from './bootstrap-doing.ts'

let shared: string
beforeAll(async () => {
  shared = await makeFolder('pchat-shared')
  await writeFile(join(shared, 'of another machine'), '')
})
afterAll(() => rm(shared, { recursive: true }))

/** Of a machine on which the account is still to be made. */
function siteWith(uid: number | undefined): Site {
  const read = readTopology(exampleDocument('enterprise-edition').replace('/mnt/pchat-files', shared))
  if ('faults' in read) throw new Error(read.faults[0]!.message)
  const plan = planServer(read.topology, 'fe1.example.com')!
  const run = async () => {
    throw Object.assign(new Error('not found'), { code: 2 })
  }
  return { plan, machine: { run }, uid } as unknown as Site
}

test('[BS60] a shared folder that other machines filled is well where the account gets their number, which is said', async () => {
  const mine = process.getuid!()
  const { found } = await foldersDoing(siteWith(mine)).look()
  expect(found).not.toContain(shared)
  await expect(foldersDoing(siteWith(undefined)).look()).rejects.toThrow(`with --uid ${mine}`)
  await expect(foldersDoing(siteWith(mine + 1)).look()).rejects.toThrow(`belongs to the number ${mine}, not to pchat`)
})
