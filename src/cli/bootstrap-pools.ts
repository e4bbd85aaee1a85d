import { lstat, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../base/sync-folder.ts'
import { poolsFileOf, poolsText } from '../topology/pool-places.ts'
import { account } from '../topology/unit.ts'
import { type Doing, entryOf, ownerOf, type Site } from './bootstrap-doing.ts'
import { writeWhole } from './whole-file.ts'

/** `text`: undefined where there is to be no such file. */
type Told = { path: string; text: string | undefined }

/** The pools beside that of each server, in the file that it looks at while it runs; none takes the file away, as in `writePools`. */
export function poolsDoing({ plan, machine }: Pick<Site, 'plan' | 'machine'>): Doing {
  const all = plan.processes.map(({ settings, pools }) => ({
    path: poolsFileOf(settings.dataDir!),
    text: pools.length === 0 ? undefined : poolsText(pools),
  }))
  const told = all.filter(({ text }) => text !== undefined)
  const missing = async () => {
    const uid = Number((await entryOf(machine, 'passwd', account))?.[2])
    const seen = await Promise.all(all.map(async one => ((await isSo(one, uid)) ? [] : [one])))
    return seen.flat()
  }
  return {
    id: 'pools',
    async look() {
      const lacking = await missing()
      if (lacking.length === 0)
        return { done: true, found: told.map(({ path }) => path).join(', ') || 'there is one pool' }
      const found = lacking.map(
        ({ path, text }) => `${text === undefined ? 'to be removed' : 'to be written'}: ${path}`,
      )
      return { done: false, found: found.join(', ') }
    },
    async act() {
      for (const { path, text } of await missing()) {
        if (text !== undefined) await writeWhole(path, text, 0o600, await ownerOf(machine, account))
        else await rm(path, { force: true }).then(() => syncFolder(dirname(path)))
      }
    },
  }
}

async function isSo({ path, text }: Told, uid: number): Promise<boolean> {
  const seen = await (text === undefined ? lstat(path) : readFile(path, 'utf8')).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    },
  )
  return text === undefined ? seen === undefined : seen === text && (await stat(path)).uid === uid
}
