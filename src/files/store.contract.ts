import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { gather } from './objects.ts'
import { type FileStore, MissingObject } from './store.ts'

const keyOf = (start: string) => `${start}${randomBytes(20).toString('hex')}`

/** What every file store has to do; run against each. */
export function fileStoreContract(kind: string, open: () => Promise<FileStore>): void {
  test(`[FI18] ${kind}: what was put is there, whole and in part, until it is removed`, async () => {
    const store = await open()
    const [key, bytes] = [keyOf('ab'), randomBytes(300_000)]
    await store.put(key, bytes)
    expect((await gather(await store.get(key))).equals(bytes)).toBe(true)
    for (const [first, last] of [
      [0, 0],
      [100, 70_000],
      [299_999, 299_999],
    ] as const)
      expect((await gather(await store.get(key, { first, last }))).equals(bytes.subarray(first, last + 1))).toBe(true)
    await store.remove(key)
    await expect(store.get(key)).rejects.toThrow(MissingObject)
    await store.remove(key)
  })

  test(`[FI18] ${kind}: all objects are listed with their sizes`, async () => {
    const store = await open()
    const keys = ['aa', 'ab', 'ff', 'zz'].map(keyOf)
    for (const [i, key] of keys.entries()) await store.put(key, Buffer.alloc(i + 1))
    const found = new Map<string, number>()
    for await (const { key, size } of store.list()) found.set(key, size)
    expect(keys.map(key => found.get(key))).toEqual([1, 2, 3, 4])
    for (const key of keys) await store.remove(key)
  })

  test(`[FI18] ${kind}: many are put at once`, async () => {
    const store = await open()
    const all = Array.from({ length: 20 }, () => ({ key: keyOf('cd'), bytes: randomBytes(10_000) }))
    await Promise.all(all.map(({ key, bytes }) => store.put(key, bytes)))
    for (const { key, bytes } of all) expect((await gather(await store.get(key))).equals(bytes)).toBe(true)
  })

  test(`[FI18] ${kind}: a key that would be a way out of the store is refused`, async () => {
    const store = await open()
    for (const key of ['../x', 'a/b', '..', '.hidden', '', 'A', 'a%2fb', 'x'.repeat(200)])
      await expect(store.put(key, Buffer.from('x'))).rejects.toThrow('is no key')
  })
}
