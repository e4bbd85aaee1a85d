import { beforeEach, expect, test } from 'vitest'
import type { Client } from '../../../src/client/client.ts'
import { beginPage, type PageLife } from './page-life.ts'
import { createUploads } from './uploads.ts'

const stored = new Map<string, string>()
const events = new EventTarget()
Object.assign(globalThis, {
  localStorage: {
    get length() {
      return stored.size
    },
    key: (index: number) => [...stored.keys()][index] ?? null,
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  },
  addEventListener: events.addEventListener.bind(events),
})
beforeEach(() => stored.clear())

const key = 'pchat.upload.me.left'
const left = {
  ...{ id: 'left', room: 'r', name: 'film.bin', size: 4, modified: 1_000, clientId: 'c', page: 'gone', at: Date.now() },
  begun: { file: 'f', upload: 'http://x/files/uploads/f' },
}
const film = () => new File(['film'], 'film.bin', { lastModified: 1_000 })

/** A page that finds one upload of a page that is gone; the server takes its time to say what it has of it. */
async function openPage(page: PageLife = beginPage()) {
  stored.set(key, JSON.stringify(left))
  const asked: string[] = []
  let answer = (_: object) => {}
  const client = {
    request: (verb: string) => {
      asked.push(verb)
      return new Promise(resolve => {
        if (verb === 'file.get') answer = resolve
      })
    },
  } as unknown as Client
  const uploads = createUploads(client, 'csrf', 'me', page)
  await expect.poll(() => asked).toEqual(['file.get'])
  return { uploads, asked, page, answer: (found: object) => answer(found) }
}

test('[FI66] the file is chosen again before the server has said what it has of it: it goes on, and no second one begins', async () => {
  const { uploads, asked, page, answer } = await openPage()
  expect(uploads.items.get()).toMatchObject([{ id: 'left', state: 'left', sent: 0 }])
  uploads.add('r', [film()])
  answer({ file: { received: 2, state: 'uploading' } })
  await new Promise(resolve => setTimeout(resolve, 5))
  expect(uploads.items.get().map(item => item.id)).toEqual(['left'])
  expect(asked).toEqual(['file.get'])
  uploads.close()
  page.close()
})

test('[FI66] what another window takes, or is dismissed, before the server has said what it has of it is off the list', async () => {
  const taken = await openPage()
  events.dispatchEvent(
    Object.assign(new Event('storage'), { key, newValue: JSON.stringify({ ...left, page: 'another' }) }),
  )
  expect(taken.uploads.items.get()).toEqual([])
  taken.answer({ file: { received: 4, state: 'uploading' } })
  await new Promise(resolve => setTimeout(resolve, 5))
  expect([taken.uploads.items.get(), taken.asked]).toEqual([[], ['file.get']])
  taken.page.close()
  const known = await openPage()
  known.answer({ file: { received: 2, state: 'uploading' } })
  await expect.poll(() => known.uploads.items.get()).toMatchObject([{ state: 'left', sent: 2 }])
  known.page.close()
})
