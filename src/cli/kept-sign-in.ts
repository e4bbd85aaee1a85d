import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The tokens that `pchat sign-in` got, by server: a file that its owner alone can read. */
type KeptSignIn = { token: string; user: string }
type Kept = { signIns: Record<string, KeptSignIn> }

export function keptFile(env: NodeJS.ProcessEnv = process.env): string {
  // The specification of these folders wants paths that are not absolute ignored.
  const base = env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : join(homedir(), '.config')
  return join(base, 'pchat', 'sign-ins.json')
}

/** Throws where the file is there and cannot be used: it is not to be overwritten then. */
async function readKept(file: string): Promise<Kept> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw new Error(`${file} cannot be read (${error.code}). Mend or remove it.`)
  })
  try {
    const { signIns = {} } = JSON.parse(text) as Partial<Kept>
    return { signIns }
  } catch {
    throw new Error(`${file} is no JSON. Mend or remove it.`)
  }
}

/** Whole or not at all: what is half written would lose the other servers' tokens. */
async function writeKept(file: string, kept: Kept): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

export async function keepSignIn(file: string, server: string, signIn: KeptSignIn): Promise<void> {
  const { signIns } = await readKept(file)
  await writeKept(file, { signIns: { ...signIns, [server]: signIn } })
}

export async function forgetSignIn(file: string, server: string): Promise<void> {
  const { [server]: _, ...rest } = (await readKept(file)).signIns
  await writeKept(file, { signIns: rest })
}

/** What is kept of a server or, without one, of the only server that there is. Throws with what to do. */
export async function findSignIn(file: string, server?: string): Promise<KeptSignIn & { server: string }> {
  const { signIns } = await readKept(file)
  const servers = Object.keys(signIns)
  const one = server ?? (servers.length === 1 ? servers[0] : undefined)
  const found = one === undefined || !Object.hasOwn(signIns, one) ? undefined : signIns[one]
  if (one !== undefined && found) return { server: one, ...found }
  throw new Error(
    server === undefined && servers.length > 1
      ? `You are signed in at several servers: ${servers.join(', ')}. Name one with --server.`
      : 'You are not signed in. Run pchat sign-in --server URL.',
  )
}
