import { plainArray } from './array.ts'
import type { Queryable } from './db.ts'

export type Change = {
  kind: 'post' | 'room' | 'category' | 'directory' | 'settings' | 'history'
  subject: string | null
  throughSeq: number | null
}

/**
 * What was committed since an earlier read, by snapshots: what that read could not see yet, whatever order transactions end in.
 * Never "older than the oldest running": a long directory sync would stop the sweep. Cost grows with changes, not with rooms.
 */
export async function changesSince(
  q: Queryable,
  snapshot: string | undefined,
): Promise<{ snapshot: string; changes: Change[] }> {
  const { rows } = await q.query<{
    snapshot: string
    kind: Change['kind'] | null
    subject: string | null
    through_seq: number | null
  }>({
    name: 'changes',
    text: `
    SELECT pg_current_snapshot()::text AS snapshot, c.kind, c.subject, c.through_seq
      FROM (SELECT) one LEFT JOIN LATERAL (
           SELECT kind, subject, max(through_seq) AS through_seq FROM change
            WHERE $1::text IS NOT NULL AND xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
            GROUP BY kind, subject) c ON true`,
    values: [snapshot ?? null],
  })
  return {
    snapshot: rows[0]!.snapshot,
    changes: rows.flatMap(row =>
      row.kind === null ? [] : [{ kind: row.kind, subject: row.subject, throughSeq: row.through_seq }],
    ),
  }
}

/** Ends of rooms, for a hub that began to hear them. */
export async function lastSeqs(q: Queryable, rooms: string[]): Promise<Map<string, number>> {
  const { rows } = await q.query<{ room: string; last_seq: number }>({
    name: 'last-seqs',
    text: 'SELECT room, last_seq FROM room_head WHERE room = ANY ($1::uuid[])',
    values: [rooms],
  })
  return new Map(rows.map(row => [row.room, row.last_seq]))
}

/** Whether one of these rooms ends before what was seen of it. Compared there: a hub asks about 33,000 rooms at a time. */
export async function isAnyBehind(q: Queryable, ends: Map<string, number>): Promise<boolean> {
  const { rows } = await q.query<{ behind: boolean }>({
    name: 'is-any-behind',
    text: `SELECT EXISTS (SELECT FROM unnest($1::uuid[], $2::bigint[]) AS known (room, seq)
                            JOIN room_head h ON h.room = known.room WHERE h.last_seq < known.seq) AS behind`,
    values: [plainArray([...ends.keys()]), plainArray([...ends.values()])],
  })
  return rows[0]!.behind
}
