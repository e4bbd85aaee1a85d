import { keep, keptTexts } from './kept.ts'
import type { PageLife } from './page-life.ts'

/** What is known of an upload after its page is gone: all but the bytes, which a page cannot keep. */
export type KeptUpload = {
  id: string
  room: string
  name: string
  size: number
  /** Of the file on disk: with name and size it tells whether the same one is chosen again. */
  modified: number
  clientId: string
  /** The page that has it. */
  page: string
  at: number
  begun?: { file: string; upload: string }
}

type KeptUploads = {
  put(upload: Omit<KeptUpload, 'page' | 'at'>): void
  remove(id: string): void
}

/** Of older ones nothing is left on any server. */
const keptMs = 24 * 3_600_000

function isUpload(value: unknown): value is KeptUpload {
  if (typeof value !== 'object' || value === null) return false
  const { id, room, name, clientId, page, size, modified, at } = value as Partial<KeptUpload>
  const isText = [id, room, name, clientId, page].every(one => typeof one === 'string')
  return isText && [size, modified, at].every(one => typeof one === 'number')
}

function read(text: string | null): KeptUpload | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return isUpload(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Uploads of this user in localStorage, each under a key of its own. `onLeft` brings what a page has left that is gone, also later;
 * `onTaken` says that another page has gone on with one, or dropped it.
 */
export function openKeptUploads(
  user: string,
  page: PageLife,
  onLeft: (upload: KeptUpload) => void,
  onTaken: (id: string) => void,
): KeptUploads {
  const prefix = `pchat.upload.${user}.`

  /** Without locks nobody can tell; then what was left stays left. */
  function bringOf(other: string): () => void {
    return () => {
      for (const upload of readAll(prefix)) if (upload.page === other) onLeft(upload)
    }
  }
  /** One for each page, so that what it has left is brought once. */
  const brings = new Map<string, () => void>()
  function awaitEnd(other: string): void {
    const bring = brings.get(other) ?? bringOf(other)
    brings.set(other, bring)
    page.awaitEnd(other, bring)
  }

  function hear({ key, newValue }: StorageEvent): void {
    if (!key?.startsWith(prefix)) return
    const upload = read(newValue)
    if (upload?.page === page.id) return
    onTaken(key.slice(prefix.length))
    if (upload !== undefined) awaitEnd(upload.page)
  }

  addEventListener('storage', hear, { signal: page.signal })
  for (const upload of readAll(prefix)) {
    if (upload.at < Date.now() - keptMs) keep(prefix + upload.id, undefined)
    else awaitEnd(upload.page)
  }

  return {
    put: upload => void keep(prefix + upload.id, { ...upload, page: page.id, at: Date.now() }),
    remove: id => void keep(prefix + id, undefined),
  }
}

function readAll(prefix: string): KeptUpload[] {
  return keptTexts(prefix).flatMap(text => read(text) ?? [])
}
