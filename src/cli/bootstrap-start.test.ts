import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exampleOf, topologyOf } from '../../test/topology-document.ts'
import { planServer } from '../topology/plan.ts'
import { targetName, unitName } from '../topology/unit.ts'
import type { Site } from './bootstrap-doing.ts'
import { startDoing } from './bootstrap-units.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp('/tmp/pchat-start-')
})
afterAll(() => rm(folder, { recursive: true }))

test('[BS64] a server that runs the program before is to be started anew, and after that it is not', async () => {
  const plan = planServer(topologyOf(exampleOf('enterprise-edition')), 'chat1.example.com')!
  const written = join(folder, 'package.json')
  await writeFile(written, '{}')
  const program = { command: ['node', join(folder, 'src/cli/main.ts')] }
  let startedAt = new Date(Date.now() + 5_000)
  const run = async () =>
    [...plan.processes.map(unitName), targetName]
      .map(name => {
        const at = startedAt.toISOString().replace('T', ' ').replace('Z', ' UTC')
        return `Id=${name}\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\nExecMainStartTimestamp=Tue ${at}`
      })
      .join('\n\n')
  const { look } = startDoing({ plan, program, machine: { run } } as unknown as Site)
  expect(await look()).toMatchObject({ done: true })
  startedAt = new Date(Date.now() - 5_000)
  await utimes(written, new Date(), new Date())
  expect(await look()).toMatchObject({ done: false, found: `to be started: ${unitName(plan.processes[0]!)}` })
})
