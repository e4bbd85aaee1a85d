import type { Queryable } from './db.ts'

/** Which life of the store this is: a restore begins a new one. */
export async function readEpoch(q: Queryable): Promise<string> {
  const { rows } = await q.query<{ epoch: string }>('SELECT epoch FROM pool')
  return rows[0]!.epoch
}

/** Begins a new epoch where it is still `known`; answers the one in force. Many servers may ask at once: the first one's counts. */
export async function raiseEpoch(q: Queryable, known: string): Promise<string> {
  await q.query('UPDATE pool SET epoch = gen_random_uuid() WHERE epoch = $1', [known])
  return readEpoch(q)
}
