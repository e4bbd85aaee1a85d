import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { syncFolder } from '../base/sync-folder.ts'
import type { Output } from './adapter.ts'

const heldLength = 262_144
const unfinished = /^\.unfinished-[0-9a-f]{12}$/

/**
 * Writes the files of one batch beside the folder's own and moves them in when all are on disk. Killed before that, it leaves a
 * folder that nobody takes for output and that the next batch removes; killed while moving, the same batch is written again.
 */
export async function writeWhole(folder: string, write: (output: Output) => Promise<void>): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder))
    if (unfinished.test(name)) await rm(join(folder, name), { recursive: true, force: true })
  const aside = join(folder, `.unfinished-${randomBytes(6).toString('hex')}`)
  await mkdir(aside)
  const names: string[] = []
  try {
    await write({
      async write(name, content) {
        if (basename(name) !== name || name.startsWith('.')) throw new Error(`${name} is no name of a file.`)
        if (names.includes(name)) throw new Error(`${name} is written twice in one batch. Give each file its own name.`)
        await writeSynced(join(aside, name), content)
        names.push(name)
      },
    })
    for (const name of names) await rename(join(aside, name), join(folder, name))
    await syncFolder(folder)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return names
}

async function writeSynced(path: string, content: string | AsyncIterable<Uint8Array | string>): Promise<void> {
  const handle = await open(path, 'w', 0o640)
  try {
    if (typeof content === 'string') await handle.writeFile(content)
    else for await (const chunk of joined(content)) await handle.writeFile(chunk)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Lines come one by one, and a write for each costs more than the line. */
async function* joined(content: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array | string> {
  let held = ''
  for await (const chunk of content) {
    if (typeof chunk === 'string') held += chunk
    else if (held !== '') {
      yield held
      held = ''
    }
    if (typeof chunk !== 'string') yield chunk
    else if (held.length >= heldLength) {
      yield held
      held = ''
    }
  }
  if (held !== '') yield held
}
