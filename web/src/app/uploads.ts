import { Upload } from 'tus-js-client'
import type { Client } from '../../../src/client/client.ts'
import { type Fault, faultOf } from './fault.ts'
import { type KeptUpload, openKeptUploads } from './kept-uploads.ts'
import type { PageLife } from './page-life.ts'
import { createStore, type Store } from './store.ts'

/**
 * A file on its way into a room. A page cannot keep what someone has chosen on his disk: after it was loaded anew the same file has to
 * be chosen again, and what is on the server needs not be sent again.
 */
export type UploadItem = {
  id: string
  room: string
  name: string
  size: number
  sent: number
  /** `posting`: all bytes are there, and are looked through. `left`: by an earlier page, and waits for its file. */
  state: 'waiting' | 'uploading' | 'posting' | 'failed' | 'left'
  fault?: Fault
}

export type Uploads = {
  items: Store<readonly UploadItem[]>
  /** Goes on with what an earlier page has left of the same files, and begins with the others. */
  add(room: string, files: readonly File[]): void
  /** Goes on with one that was left; with another file its item says so. */
  give(id: string, file: File): void
  retry(id: string): void
  /** Takes it off the list, and what was sent of it off the server. */
  drop(id: string): void
  /** Ends all of it in this page; what was begun waits for its file. */
  close(): void
}

/** Files of one window that are sent at a time; the others wait. */
const atOnce = 3
/** One request carries so much: what was cut off is asked for again from the last piece that the server has. */
const chunkBytes = 8 * 1024 * 1024
const retryMs = [500, 1_000, 2_000, 5_000, 10_000, 10_000, 10_000, 20_000, 20_000, 30_000]
const askAgainMs = 1_000

type Begun = { file: string; upload: string }
/** `file`: undefined where it has to be chosen again, and is not needed where all of its bytes are there. */
type Work = { file: File | undefined; modified: number; clientId: string; begun?: Begun; upload?: Upload }

export function createUploads(client: Client, csrf: string, user: string, page: PageLife): Uploads {
  const items = createStore<readonly UploadItem[]>([])
  const works = new Map<string, Work>()
  const kept = openKeptUploads(
    user,
    page,
    left => void bringBack(left),
    id => {
      if (items.get().some(item => item.id === id && item.state === 'left')) lose(id)
    },
  )

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

  async function run(item: UploadItem): Promise<void> {
    const { id, room, name, size } = item
    const work = works.get(id)
    if (work === undefined) return
    // Of one that an earlier page has left nothing is on the server any more.
    if (work.file === undefined && work.begun === undefined) return change(id, { state: 'left', sent: 0 })
    try {
      work.begun ??= await client.request('file.begin', { room, name, size })
      if (works.get(id) !== work) return
      note(item)
      if (work.file !== undefined) await send(work.file, work, csrf, sent => change(id, { sent }))
      change(id, { state: 'posting', sent: size })
      await post(client, room, work)
      forget(id)
    } catch (error) {
      const fault = faultOf(error)
      // The upload is over, or was never there: the next try begins anew.
      if (fault.code === 'not_found') delete work.begun
      if (works.has(id)) change(id, { state: 'failed', fault })
      if (work.begun === undefined) kept.remove(id)
    } finally {
      next()
    }
  }

  /** For the next page, should this one be gone before its end. */
  function note({ id, room, name, size }: UploadItem): void {
    const work = works.get(id)
    if (work === undefined) return
    const { modified, clientId, begun } = work
    kept.put({ id, room, name, size, modified, clientId, ...(begun === undefined ? {} : { begun }) })
  }

  function lose(id: string): void {
    works.delete(id)
    items.update(list => list.filter(item => item.id !== id))
  }

  function forget(id: string): void {
    lose(id)
    kept.remove(id)
  }

  /** What an earlier page has left: posted where all bytes are there, else it waits for its file. */
  async function bringBack({ id, room, name, size, modified, clientId, begun }: KeptUpload): Promise<void> {
    if (works.has(id)) return
    const work: Work = { file: undefined, modified, clientId, ...(begun === undefined ? {} : { begun }) }
    works.set(id, work)
    // In the list before the server has said what it has of it: its file may be chosen again, or it dropped, at once.
    items.update(list => [...list, { id, room, name, size, sent: 0, state: 'left' }])
    if (begun === undefined) return
    const found = await client.request('file.get', { file: begun.file }).catch(faultOf)
    // Chosen again, or dropped, meanwhile.
    if (works.get(id) !== work || work.file !== undefined) return
    // What is left of it is over; or the answer is not known, and asked for again once there is a file.
    if ('code' in found && found.code === 'not_found') delete work.begun
    const sent = 'file' in found ? found.file.received : 0
    const isThere = 'file' in found && sent === size && found.file.state !== 'removed'
    change(id, { sent, ...(isThere ? { state: 'waiting' } : {}) })
    next()
  }

  function isOf(item: UploadItem, file: File): boolean {
    return item.state === 'left' && item.size === file.size && works.get(item.id)?.modified === file.lastModified
  }

  function goOn(id: string, file: File): void {
    const work = works.get(id)
    if (work === undefined) return
    work.file = file
    items.update(list => list.map(item => (item.id === id ? cleared(item, 'waiting') : item)))
    note(items.get().find(item => item.id === id)!)
  }

  function begin(room: string, file: File): void {
    const item: UploadItem = {
      ...{ id: crypto.randomUUID(), room, name: nameOf(file), size: file.size, sent: 0, state: 'waiting' },
    }
    works.set(item.id, { file, modified: file.lastModified, clientId: crypto.randomUUID() })
    items.update(list => [...list, item])
    note(item)
  }

  return {
    items,
    add(room, files) {
      for (const file of files) {
        const left = items.get().find(item => item.room === room && item.name === nameOf(file) && isOf(item, file))
        if (left === undefined) begin(room, file)
        else goOn(left.id, file)
      }
      next()
    },
    give(id, file) {
      const item = items.get().find(one => one.id === id)
      if (item === undefined) return
      if (isOf(item, file)) goOn(id, file)
      else change(id, { fault: { code: 'client', sentence: `${nameOf(file)} is another file, or was changed since.` } })
      next()
    },
    retry(id) {
      items.update(list => list.map(item => (item.id === id ? cleared(item, 'waiting') : item)))
      next()
    },
    drop(id) {
      const work = works.get(id)
      forget(id)
      // On the server it goes by itself where this does not arrive.
      if (work?.upload !== undefined) void work.upload.abort(true).catch(() => {})
      else if (work?.begun !== undefined) void Upload.terminate(pathOf(work.begun), optionsOf(csrf)).catch(() => {})
      next()
    },
    close() {
      for (const { upload } of works.values()) void upload?.abort().catch(() => {})
      works.clear()
    },
  }
}

function nameOf(file: File): string {
  return file.name || 'picture.png'
}

function cleared({ fault: _, ...item }: UploadItem, state: UploadItem['state']): UploadItem {
  return { ...item, state }
}

/** Our own server's, whatever it calls itself behind a proxy. */
function pathOf({ upload }: Begun): string {
  return new URL(upload).pathname
}

function optionsOf(csrf: string) {
  return { headers: { 'x-pchat-csrf': csrf }, chunkSize: chunkBytes, retryDelays: retryMs }
}

/** Sends the bytes that are not there yet; comes back by itself after a cut. */
function send(file: File, work: Work, csrf: string, onSent: (bytes: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    work.upload = new Upload(file, {
      ...optionsOf(csrf),
      uploadUrl: pathOf(work.begun!),
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
