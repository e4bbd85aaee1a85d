import { readFile, stat } from 'node:fs/promises'
import { poolsFileOf, poolsText } from '../topology/pool-places.ts'
import { account } from '../topology/unit.ts'
import { type Doing, entryOf, ownerOf, type Site } from './bootstrap-doing.ts'
import { writeWhole } from './whole-file.ts'

/** The pools beside that of each server, in the file that it looks at while it runs. */
export function poolsDoing({ plan, machine }: Pick<Site, 'plan' | 'machine'>): Doing {
  const told = plan.processes
    .filter(({ pools }) => pools.length > 0)
    .map(({ settings, pools }) => ({ path: poolsFileOf(settings.dataDir!), text: poolsText(pools) }))
  const missing = async () => {
    const uid = Number((await entryOf(machine, 'passwd', account))?.[2])
    const seen = await Promise.all(told.map(async one => ((await isSo(one, uid)) ? [] : [one])))
    return seen.flat()
  }
  return {
    id: 'pools',
    async look() {
      const paths = (await missing()).map(({ path }) => path)
      return paths.length === 0
        ? { done: true, found: told.map(({ path }) => path).join(', ') }
        : { done: false, found: `to be written: ${paths.join(', ')}` }
    },
    async act() {
      const owner = await ownerOf(machine, account)
      for (const { path, text } of await missing()) await writeWhole(path, text, 0o600, owner)
    },
  }
}

async function isSo({ path, text }: { path: string; text: string }, uid: number): Promise<boolean> {
  const seen = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return seen === text && (await stat(path)).uid === uid
}
