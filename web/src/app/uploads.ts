import { Upload } from 'tus-js-client'
import type { Client } from '../../../src/client/client.ts'
import { type Fault, faultOf } from './fault.ts'
import { createStore, type Store } from './store.ts'

/** A file on its way into a room. It lives as long as the window: a page cannot keep what someone has chosen on his disk. */
export type UploadItem = {
  id: string
  room: string
  name: string
  size: number
  sent: number
  /** `posting`: all bytes are there, and are looked through. */
  state: 'waiting' | 'uploading' | 'posting' | 'failed'
  fault?: Fault
}

export type Uploads = {
  items: Store<readonly UploadItem[]>
  add(room: string, files: readonly File[]): void
  retry(id: string): void
  /** Takes it off the list, and what was sent of it off the server. */
  drop(id: string): void
}

/** Files of one window that are sent at a time; the others wait. */
const atOnce = 3
/** One request carries so much: what was cut off is asked for again from the last piece that the server has. */
const chunkBytes = 8 * 1024 * 1024
const retryMs = [500, 1_000, 2_000, 5_000, 10_000, 10_000, 10_000, 20_000, 20_000, 30_000]
const askAgainMs = 1_000

type Work = { file: File; clientId: string; begun?: { file: string; upload: string }; upload?: Upload }

export function createUploads(client: Client, csrf: string): Uploads {
  const items = createStore<readonly UploadItem[]>([])
  const works = new Map<string, Work>()

  function change(id: string, patch: Partial<UploadItem>): void {
    items.update(list => list.map(item => (item.id === id ? { ...item, ...patch } : item)))
  }

  function next(): void {
    const list = items.get()
    const busy = list.filter(item => item.state === 'uploading' || item.state === 'posting').length
    for (const item of list.filter(one => one.state === 'waiting').slice(0, Math.max(0, atOnce - busy))) {
      change(item.id, { state: 'uploading' })
      void run(item)
    }
  }

  async function run({ id, room, name, size }: UploadItem): Promise<void> {
    const work = works.get(id)
    if (work === undefined) return
    try {
      work.begun ??= await client.request('file.begin', { room, name, size })
      await send(work, csrf, sent => change(id, { sent }))
      change(id, { state: 'posting', sent: size })
      await post(client, room, work)
      forget(id)
    } catch (error) {
      const fault = faultOf(error)
      // The upload is over, or was never there: the next try begins anew.
      if (fault.code === 'not_found') delete work.begun
      if (works.has(id)) change(id, { state: 'failed', fault })
    } finally {
      next()
    }
  }

  function forget(id: string): void {
    works.delete(id)
    items.update(list => list.filter(item => item.id !== id))
  }

  return {
    items,
    add(room, files) {
      const made = files.map(file => ({
        ...{ id: crypto.randomUUID(), room, name: file.name || 'picture.png', size: file.size, sent: 0 },
        state: 'waiting' as const,
      }))
      for (const [index, item] of made.entries())
        works.set(item.id, { file: files[index]!, clientId: crypto.randomUUID() })
      items.update(list => [...list, ...made])
      next()
    },
    retry(id) {
      items.update(list =>
        list.map(item => {
          if (item.id !== id) return item
          const { fault: _, ...rest } = item
          return { ...rest, state: 'waiting' }
        }),
      )
      next()
    },
    drop(id) {
      const upload = works.get(id)?.upload
      forget(id)
      // On the server it goes by itself where this does not arrive.
      void upload?.abort(true).catch(() => {})
      next()
    },
  }
}

/** Sends the bytes that are not there yet; comes back by itself after a cut. */
function send(work: Work, csrf: string, onSent: (bytes: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    work.upload = new Upload(work.file, {
      // Our own server's, whatever it calls itself behind a proxy.
      uploadUrl: new URL(work.begun!.upload).pathname,
      headers: { 'x-pchat-csrf': csrf },
      chunkSize: chunkBytes,
      retryDelays: retryMs,
      storeFingerprintForResuming: false,
      onProgress: onSent,
      onSuccess: () => resolve(),
      onError: error => reject(refusalOf(error)),
    })
    work.upload.start()
  })
}

/** What the server said, where it said something. */
function refusalOf(error: unknown): unknown {
  const { originalResponse } = error as { originalResponse?: { getBody(): string } | null }
  if (!originalResponse)
    return { code: 'unavailable', message: 'The server did not take the file. Check your network and try again.' }
  try {
    return (JSON.parse(originalResponse.getBody()) as { error: unknown }).error
  } catch {
    return { code: 'unavailable', message: 'The server did not take the file. Try again.' }
  }
}

/** The server may still look through it. */
async function post(client: Client, room: string, { begun, clientId }: Work): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await client.request('file.post', { room, file: begun!.file, clientId })
      return
    } catch (error) {
      if (faultOf(error).code !== 'unavailable' || tries >= 120) throw error
      await new Promise(resolve => setTimeout(resolve, askAgainMs))
    }
  }
}
