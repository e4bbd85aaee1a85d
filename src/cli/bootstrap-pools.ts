import { readFile } from 'node:fs/promises'
import type { ServerPlan } from '../topology/plan.ts'
import { poolsFileOf, poolsText } from '../topology/pool-places.ts'
import { writePools } from './pools-file.ts'

/** The step that tells each process of the machine of all pools: looked at, and written where it is not so. Nobody is started anew for it. */
export function poolsDoing({ plan }: { plan: ServerPlan }) {
  const told = plan.processes
    .filter(({ pools }) => pools.length > 0)
    .map(({ settings, pools }) => ({ dataDir: settings.dataDir!, pools }))
  const files = told.map(({ dataDir }) => poolsFileOf(dataDir))
  return {
    id: 'pools',
    async look(): Promise<{ done: boolean; found: string }> {
      for (const { dataDir, pools } of told) {
        const text = await readFile(poolsFileOf(dataDir), 'utf8').catch(() => undefined)
        if (text !== poolsText(pools)) return { done: false, found: `${poolsFileOf(dataDir)} to be written` }
      }
      return { done: true, found: files.join(', ') }
    },
    async act(): Promise<void> {
      for (const { dataDir, pools } of told) await writePools(dataDir, pools)
    },
  }
}
