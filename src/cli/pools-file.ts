import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { parseDocument } from 'yaml'
import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import type { PoolPlace, PoolsKnown } from '../chat/known-pools.ts'
import { poolsFileOf, poolsText } from '../topology/pool-places.ts'
import { readHandOverKeys } from './factor-key.ts'
import type { StartOptions } from './options.ts'

/** The pools of the organisation, in a file that is looked at while the server runs. */

const PoolsFile = Type.Object(
  {
    pools: Type.Array(
      Type.Object(
        {
          name: Type.String({ pattern: '^[\\w-]+(\\.[\\w-]+)*$', maxLength: 253 }),
          displayName: Type.String({ pattern: '^[^\\p{Cc}\\p{Cs}\\s][^\\p{Cc}\\p{Cs}]*$', maxLength: 100 }),
          url: Type.String({ pattern: '^https?://[^/?#\\s]+/?$', maxLength: 1_000 }),
          default: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
      { maxItems: 250 },
    ),
  },
  { additionalProperties: false },
)
const compiled = Compile(PoolsFile)

/** Reads YAML or JSON for a server of the pool `own`. Throws with a sentence that says what to mend. */
export function readPools(text: string, own: string): PoolPlace[] {
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new Error(document.errors[0]!.message)
  const value: unknown = document.toJS()
  if (!compiled.Check(value)) {
    const fault = compiled.Errors(value)[0]
    throw new Error(`${fault?.instancePath || '/'} ${fault?.message}.`)
  }
  const { pools }: Static<typeof PoolsFile> = value
  const places = pools.map(one => ({ ...one, url: originOf(one) }))
  refuseTwice(
    'pools are called',
    places.map(({ name }) => name),
  )
  refuseTwice(
    'pools have the display name',
    places.map(({ displayName }) => displayName),
  )
  if (places.filter(one => one.default).length > 1) throw new Error('Two pools are the default one. Leave it to one.')
  if (!places.some(({ name }) => name === own))
    throw new Error(`There is no pool ${own} in it, which this server is of (--pool). Add it.`)
  return places
}

function originOf({ name, url }: { name: string; url: string }): string {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.href !== `${parsed.origin}/`)
    throw new Error(`The url of ${name} is none that holds a host alone. Give one such as https://chat.example.com.`)
  return parsed.origin
}

function refuseTwice(what: string, all: string[]): void {
  const twice = all.find((one, i) => all.indexOf(one) !== i)
  if (twice !== undefined) throw new Error(`Two ${what} ${twice}. Change one of them.`)
}

export type FollowedPools = Running & { known: PoolsKnown; notes(): string[] }

const usualLookMs = 10_000

/**
 * The pools as the file says them, now and later. A file that is named and cannot be used rejects; later, or where it is only looked for
 * in the data folder, what was known before stands, and `notes` says so.
 */
export async function followPools(
  { pools, handOverKeyFile, dataDir, pool: own }: StartOptions,
  log: Log,
  lookMs = usualLookMs,
): Promise<FollowedPools> {
  const path = pools ?? poolsFileOf(dataDir)
  const keys = await readHandOverKeys(handOverKeyFile)
  let list: PoolPlace[] = []
  let seen: string | undefined
  let trouble: string | undefined
  const look = async () => {
    const text = await readOrNothing(path, pools !== undefined)
    if (text === seen) return
    list = text === '' ? [] : readPools(text, own)
    seen = text
    if (trouble !== undefined) log.info({ file: path }, 'the file of pools is followed again')
    trouble = undefined
  }
  const tell = (error: unknown) => {
    const { message } = error as Error
    if (message !== trouble) log.error({ file: path, reason: message }, 'the file of pools cannot be used')
    trouble = message
  }
  try {
    await look()
  } catch (error) {
    if (pools !== undefined) throw unusable(path, error)
    tell(error)
  }
  const looking = repeatEvery(lookMs, look, tell)
  return {
    known: { list: () => list, keys },
    notes: () => (trouble === undefined ? [] : ['pools not understood']),
    stop: looking.stop,
  }
}

/** Of a file that is named: before anything is started. */
export async function checkPools({ pools = '', pool }: Pick<StartOptions, 'pools' | 'pool'>): Promise<void> {
  try {
    readPools(await readOrNothing(pools, true), pool)
  } catch (error) {
    throw unusable(pools, error)
  }
}

function unusable(path: string, error: unknown): Error {
  return new Error(`--pools ${path}: ${(error as Error).message}`)
}

/** Where nobody named it, there need not be one. */
async function readOrNothing(path: string, isNamed: boolean): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!isNamed && code === 'ENOENT') return ''
    throw new Error(`it cannot be read (${code}).`)
  }
}

/** Puts them where a server looks for them, whole or not at all; none takes the file away. */
export async function writePools(dataDir: string, pools: PoolPlace[]): Promise<void> {
  const path = poolsFileOf(dataDir)
  if (pools.length === 0) return rm(path, { force: true })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, poolsText(pools), { mode: 0o644, flag: 'wx' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
