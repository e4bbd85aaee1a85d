import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('probe-owner-process.ts', import.meta.url))

/** What {@link asOwner} has done by another process: see probe-owner-process.ts. */
export type Work = 'folder' | 'lock' | 'mark'

/**
 * Does something in a folder as whoever owns it, where this is root: file servers take root of their clients for nobody, unless they are
 * told otherwise. Where that one has not the means (the program, setpriv), it is done as root.
 */
export async function asOwner<T>(work: Work, folder: string, directly: (folder: string) => Promise<T>): Promise<T> {
  const owner = process.getuid?.() === 0 ? await ownerNear(folder) : undefined
  if (!owner || owner.uid === 0) return directly(folder)
  const said = await runAs(owner, [work, folder])
  if (said === undefined) return directly(folder)
  if (said.error) throw Object.assign(new Error(said.error.message), { code: said.error.code })
  return said.result as T
}

export type Said = { result?: unknown; error?: { message: string; code?: string | undefined } }

async function runAs({ uid, gid }: { uid: number; gid: number }, words: string[]): Promise<Said | undefined> {
  const who = [`--reuid=${uid}`, `--regid=${gid || uid}`, '--clear-groups']
  const child = spawn('setpriv', [...who, '--', process.execPath, program, ...words], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const failed = new Promise<undefined>(resolve => child.once('error', () => resolve(undefined)))
  const said = await Promise.race([text(child.stdout), failed])
  return said ? (JSON.parse(said) as Said) : undefined
}

/** Of the folder, or of the nearest one above that can be looked at. */
async function ownerNear(path: string): Promise<{ uid: number; gid: number } | undefined> {
  const seen = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined
    throw error
  })
  return seen ?? (path === dirname(path) ? undefined : ownerNear(dirname(path)))
}
