import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Basis } from '../topology/central.ts'
import { keptFile } from './kept-sign-in.ts'

/** The version of each Central Management Store that this user had before him last: exported, shown or published. */
export type Bases = Record<string, { version: number; mark: string }>

export function basesFile(env: NodeJS.ProcessEnv): string {
  return join(dirname(keptFile(env)), 'topologies.json')
}

export async function findBasis(file: string, store: string): Promise<Basis | undefined> {
  const bases = await readBases(file)
  return Object.hasOwn(bases, store) ? bases[store] : undefined
}

/** Answers whether it could be kept: an account without a home of its own names what it is based on. */
export async function keepBasis(file: string, store: string, { version, mark }: Bases[string]): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const bases = { ...(await readBases(file)), [store]: { version, mark } }
    await writeFile(draft, `${JSON.stringify(bases, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(draft, file)
    return true
  } catch {
    await rm(draft, { force: true }).catch(() => {})
    return false
  }
}

/** What cannot be read is as if nothing was kept: it is asked for then. */
async function readBases(file: string): Promise<Bases> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as Bases
    return Object.fromEntries(
      Object.entries(kept).filter(([, one]) => Number.isSafeInteger(one?.version) && typeof one?.mark === 'string'),
    )
  } catch {
    return {}
  }
}
