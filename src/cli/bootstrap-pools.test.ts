import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { topologyOf, twoPools } from '../../test/topology-document.ts'
import { planServer } from '../topology/plan.ts'
import { stepsOf } from '../topology/steps.ts'
import type { Site } from './bootstrap-doing.ts'
import { poolsDoing } from './bootstrap-pools.ts'
import { readPools } from './pools-file.ts'

test('[PL15] [BS69] the step writes what the servers of the machine read, once, anew where the topology has other pools, and removes it where there is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pchat-pools-step-'))
  try {
    const planOf = (name: string, count = 2) => {
      const document = twoPools()
      // Both on the same Front End Servers: two processes on one machine.
      Object.assign(document.persistentChatPools[1], { nextHop: 'fe.example.com', webPort: 8443, displayName: name })
      for (const server of document.enterprisePools[0].servers) server.dataDir = folder
      document.persistentChatPools.splice(count)
      return planServer(topologyOf(document), 'fe1.example.com')!
    }
    const plan = planOf('Paris')
    for (const { settings } of plan.processes) await mkdir(settings.dataDir!, { recursive: true })
    // The account of the servers is whoever runs this.
    const [uid, gid] = [process.getuid!(), process.getgid!()]
    const machine = { run: async () => `pchat:x:${uid}:${gid}::/nonexistent:/usr/sbin/nologin` }
    const doingOf = (plan: Site['plan']) => poolsDoing({ plan, machine })
    const doing = doingOf(plan)
    expect(stepsOf(plan).some(({ id }) => id === doing.id)).toBe(true)
    expect(await doing.look()).toMatchObject({ done: false, found: expect.stringContaining('to be written') })
    await doing.act()
    expect(await doing.look()).toMatchObject({ done: true })
    const file = join(plan.processes[1]!.settings.dataDir!, 'pools.json')
    expect(readPools(await readFile(file, 'utf8'), 'paris')).toEqual(plan.processes[1]!.pools)
    expect(await stat(file)).toMatchObject({ uid, gid })
    const next = doingOf(planOf('Far away'))
    expect((await next.look()).done).toBe(false)
    await next.act()
    expect([(await next.look()).done, (await doing.look()).done]).toEqual([true, false])
    // One pool again: what names the other one goes, and its word counts no more.
    const left = planOf('Paris', 1)
    const alone = doingOf(left)
    const own = join(left.processes[0]!.settings.dataDir!, 'pools.json')
    expect(stepsOf(left).some(({ id }) => id === alone.id)).toBe(true)
    expect(await alone.look()).toEqual({ done: false, found: `to be removed: ${own}` })
    await alone.act()
    await expect(stat(own)).rejects.toThrow('ENOENT')
    expect(await alone.look()).toEqual({ done: true, found: 'there is one pool' })
    await alone.act()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
