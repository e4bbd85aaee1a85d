import { keep } from './kept.ts'

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

export type KeptUploads = {
  put(upload: Omit<KeptUpload, 'page' | 'at'>): void
  remove(id: string): void
  /** The page is done with it: others of this browser may have what is left. */
  close(): void
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
 * Uploads of this user in localStorage, each under a key of its own. A page holds a lock as long as it lives: `onLeft` brings what a
 * page has left that is gone, also later; `onTaken` says that another page has gone on with one, or dropped it.
 */
export function openKeptUploads(
  user: string,
  onLeft: (upload: KeptUpload) => void,
  onTaken: (id: string) => void,
): KeptUploads {
  const prefix = `pchat.upload.${user}.`
  const page = crypto.randomUUID()
  const closing = new AbortController()
  const { signal } = closing
  /** Pages whose end is waited for. */
  const awaited = new Set<string>()

  function hold(): void {
    const closed = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    void navigator.locks?.request(lockOf(page), () => closed)
  }

  function awaitEnd(other: string): void {
    if (other === page || awaited.has(other)) return
    awaited.add(other)
    const bring = () => {
      awaited.delete(other)
      for (const upload of readAll(prefix)) if (upload.page === other && !signal.aborted) onLeft(upload)
    }
    // Without locks nobody can tell; then what was left stays left.
    void navigator.locks?.request(lockOf(other), { signal }, bring).catch(() => {})
  }

  function hear({ key, newValue }: StorageEvent): void {
    if (!key?.startsWith(prefix)) return
    const upload = read(newValue)
    if (upload?.page === page) return
    onTaken(key.slice(prefix.length))
    if (upload !== undefined) awaitEnd(upload.page)
  }

  hold()
  addEventListener('storage', hear, { signal })
  for (const upload of readAll(prefix)) {
    if (upload.at < Date.now() - keptMs) keep(prefix + upload.id, undefined)
    else awaitEnd(upload.page)
  }

  return {
    put: upload => void keep(prefix + upload.id, { ...upload, page, at: Date.now() }),
    remove: id => void keep(prefix + id, undefined),
    close: () => closing.abort(),
  }
}

function lockOf(page: string): string {
  return `pchat.uploads.${page}`
}

function readAll(prefix: string): KeptUpload[] {
  try {
    return Object.keys(localStorage)
      .filter(key => key.startsWith(prefix))
      .flatMap(key => read(localStorage.getItem(key)) ?? [])
  } catch {
    return []
  }
}
