import { randomUUID } from 'node:crypto'
import { transaction } from '../store/db.ts'
import { readFileStore, setFileStore } from '../store/file-store.ts'
import { somePieceKeys } from '../store/file-what-if.ts'
import { gather, type Objects } from './objects.ts'
import { MissingObject } from './store.ts'

/** Key of the object that says which file store this is. */
export const markKey = 'pchat-file-store'

/** The folder or bucket is not the one that the pool's files are in. */
export class OtherStore extends Error {}

/**
 * Makes sure that this is the pool's file store; the first one that is asked becomes it. A folder that is not mounted looks empty,
 * and what is put there would be found by nobody. Throws OtherStore.
 */
export async function attachStore({ db, store }: Pick<Objects, 'db' | 'store'>): Promise<void> {
  if ((await readFileStore(db)) === null) await adopt({ db, store })
  // Read after it: of two servers that begin at once, with two folders, one has adopted its own.
  const known = await readFileStore(db)
  if ((await readMark(store)) === known) return
  throw new OtherStore(
    `${store.place} is not the file store of this pool. Mount or name the right one, or say that this one is: pchat file adopt`,
  )
}

/** From now on this is the pool's file store, whichever it was before, if `force`. */
export async function adopt({ db, store }: Pick<Objects, 'db' | 'store'>, force = false): Promise<void> {
  await transaction(db, async tx => {
    const known = await readFileStore(tx, 'locked')
    if (known !== null && !force) return
    const id = (await readMark(store)) ?? known ?? randomUUID()
    await store.put(markKey, Buffer.from(id))
    await setFileStore(tx, id)
  })
}

/** `known`: the store carries the pool's id. Of some objects that the pool names, how many were looked for and how many are here. */
export type StoreLook = { place: string; known: boolean; looked: number; found: number }

const someObjects = 20

/** Whether the pool's files are in this store; nothing is changed. */
export async function lookAtStore({ db, store }: Pick<Objects, 'db' | 'store'>): Promise<StoreLook> {
  const known = await readFileStore(db)
  const keys = await somePieceKeys(db, someObjects)
  let found = 0
  for (const key of keys) if (await holds(store, key)) found += 1
  return {
    ...{ place: store.place, known: known !== null && (await readMark(store)) === known },
    ...{ looked: keys.length, found },
  }
}

async function holds(store: Objects['store'], key: string): Promise<boolean> {
  try {
    await gather(await store.get(key, { first: 0, last: 0 }))
    return true
  } catch (error) {
    if (error instanceof MissingObject) return false
    throw error
  }
}

async function readMark(store: Objects['store']): Promise<string | undefined> {
  try {
    return (await gather(await store.get(markKey))).toString('utf8')
  } catch (error) {
    if (error instanceof MissingObject) return undefined
    throw error
  }
}
