import { randomUUID } from 'node:crypto'
import { transaction } from '../store/db.ts'
import { readFileStore, setFileStore } from '../store/file-store.ts'
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

async function readMark(store: Objects['store']): Promise<string | undefined> {
  try {
    return (await gather(await store.get(markKey))).toString('utf8')
  } catch (error) {
    if (error instanceof MissingObject) return undefined
    throw error
  }
}
