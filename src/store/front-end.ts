import type { Queryable } from './db.ts'
import { newestSchema } from './migration.ts'
import { deadAfterMs } from './server.ts'

export type FrontEndProcess = {
  id: string
  server: string
  /** Address for browsers and programs, without a slash at its end. */
  url: string
  program: string
  takesFiles: boolean
  draining: boolean
  /** Version of the settings under which it records all that happens there; 0 where it does not. */
  records: number
}
export type SeenFrontEnd = Pick<FrontEndProcess, 'id' | 'url' | 'takesFiles'>

/** Writes that a Front End Server lives. Not worth a flush of the disk, nor a wait for a stand-by. */
export async function beatFrontEnd(q: Queryable, process: FrontEndProcess): Promise<void> {
  const { id, server, url, program, takesFiles, draining, records } = process
  await q.query({
    name: 'beat-front-end',
    text: `
    WITH hasty AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO front_end_process (id, server, url, program, schema, takes_files, draining, records)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM hasty
    ON CONFLICT (id) DO UPDATE SET url = excluded.url, takes_files = excluded.takes_files, draining = excluded.draining,
      records = excluded.records, beat_at = clock_timestamp()`,
    values: [id, server, url, program, await newestSchema(), takesFiles, draining, records],
  })
}

/** Those that live and are not about to go, in an order that stays. */
export async function listFrontEnds(q: Queryable): Promise<SeenFrontEnd[]> {
  const { rows } = await q.query<SeenFrontEnd>({
    name: 'front-ends',
    text: `
    SELECT id, url, takes_files AS "takesFiles" FROM front_end_process
     WHERE NOT draining AND beat_at > clock_timestamp() - make_interval(secs => $1) ORDER BY server, started_at, id`,
    values: [deadAfterMs / 1000],
  })
  return rows
}

export async function endFrontEnd(q: Queryable, id: string): Promise<void> {
  await q.query('DELETE FROM front_end_process WHERE id = $1', [id])
}
