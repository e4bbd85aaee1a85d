import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../protocol/error.ts'
import { sealedGroupBytes } from './seal.ts'
import { checkKey, type FileStore, keyPattern, MissingObject } from './store.ts'

/** Objects that are being written. Whatever stands here after a crash is nothing to anybody. */
const incoming = 'incoming'

/**
 * A file store in a folder, on a local disk or on one that all servers of the pool share. An object is written under another name,
 * flushed, renamed, and the folder flushed, so that it is there whole or not at all.
 */
export async function openFolder(path: string): Promise<FileStore> {
  await mkdir(join(path, incoming), { recursive: true, mode: 0o700 })
  /** Subfolders that are known to be on disk. */
  const made = new Set<string>()
  const folderOf = (key: string) => {
    checkKey(key)
    return join(path, key.slice(0, 2))
  }
  const pathOf = (key: string) => join(folderOf(key), key)

  async function makeFolder(folder: string) {
    if (made.has(folder)) return
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await flushFolder(path)
    made.add(folder)
  }

  return {
    place: path,
    async put(key, bytes) {
      const draft = join(path, incoming, key)
      try {
        await makeFolder(folderOf(key))
        await writeWhole(draft, bytes)
        await rename(draft, pathOf(key))
        await flushFolder(folderOf(key))
      } catch (error) {
        await rm(draft, { force: true }).catch(() => {})
        throw fullOr(error)
      }
    },
    async get(key, range) {
      const file = await open(pathOf(key), 'r').catch(error => {
        throw isMissing(error) ? new MissingObject(key) : error
      })
      return createReadStream('', {
        fd: file,
        highWaterMark: sealedGroupBytes,
        ...(range ? { start: range.first, end: range.last } : {}),
      }) as AsyncIterable<Buffer>
    },
    async remove(key) {
      await rm(pathOf(key), { force: true })
    },
    async *list() {
      for await (const folder of await opendir(path)) {
        if (!folder.isDirectory() || folder.name === incoming) continue
        for await (const entry of await opendir(join(path, folder.name))) {
          if (!keyPattern.test(entry.name)) continue
          const found = await stat(join(path, folder.name, entry.name)).catch(() => undefined)
          if (found) yield { key: entry.name, size: found.size }
        }
      }
    },
    async close() {},
  }
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    // In as few calls as the system allows: writeFile would make one of each half megabyte.
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function flushFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined
  try {
    folder = await open(path, 'r')
    await folder.sync()
  } finally {
    await folder?.close()
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: string }).code === 'ENOENT'
}

function fullOr(error: unknown): unknown {
  const { code } = error as { code?: string }
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Refusal('unavailable', 'The file store is full. Free space there, then try again.', {
      retryAfterMs: 30_000,
      cause: error,
    })
  return error
}
