import { operator } from '../domain/operator.ts'
import type { Principal } from '../protocol/principal.ts'
import { type Connection, type Db, planForValues, type Queryable, transaction } from './db.ts'

/** What may not be deleted: what fits all that is given. Instants; `until` without itself. */
export type DenialScope = {
  person?: string | undefined
  room?: string | undefined
  category?: string | undefined
  from?: string | undefined
  until?: string | undefined
}
type Named = { id: string; name: string | null }
export type DenialRow = {
  id: string
  person: Principal | null
  room: Named | null
  category: Named | null
  from: Date | null
  until: Date | null
  reason: string
  by: Principal
  at: Date
  liftedBy: Principal | null
  liftedAt: Date | null
  liftReason: string | null
}

/** No denial is set until the transaction ends, and none that was is overlooked by the statements that follow. Behind the room's lock. */
export async function holdDenials(tx: Queryable): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock_shared(7, 0)')
}

/** Nothing is being deleted: what was is committed. No other lock is taken behind it. */
export async function lockDenials(tx: Connection): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(7, 0)')
}

type Thing = { person: string; room: string; category: string; at: string }
/** An open denial that fits, in SQL over these expressions. */
function fittingSql(of: Thing, column = ''): string {
  return `(SELECT ${column} FROM deletion_denial d WHERE d.lifted_at IS NULL AND (d.person IS NULL OR d.person = ${of.person})
    AND (d.room IS NULL OR d.room = ${of.room}) AND (d.category IS NULL OR d.category = ${of.category})
    AND (d.from_at IS NULL OR ${of.at} >= d.from_at) AND (d.until_at IS NULL OR ${of.at} < d.until_at) LIMIT 1)`
}

/** Asked once for all rows: where none holds, the question costs nothing. */
const anySql = '(SELECT EXISTS (SELECT FROM deletion_denial WHERE lifted_at IS NULL))'
const categoryOf = (room: string) => `(SELECT x.category FROM room_head x WHERE x.room = ${room})`
/** Whether the deletion of `message m` is denied: of one whose words are gone there is nothing left to deny. */
export const deniedMessageSql = `(${anySql} AND m.text IS NOT NULL AND EXISTS ${fittingSql({ person: 'm.author', room: 'm.room', category: categoryOf('m.room'), at: 'm.at' })})`
const file = {
  ...{ person: 'f.author', room: 'f.room', category: categoryOf('f.room') },
  at: 'coalesce(f.posted_at, f.created_at)',
}
/** The same of `file f`: while it comes there is nothing to deny. */
export const deniedFileSql = `(${anySql} AND f.state <> 'uploading' AND EXISTS ${fittingSql(file)})`
/** Which denial that is. */
export const denialOfFileSql = fittingSql(file, 'd.id')

/** Throws as the store itself does where a room, with all that is in it, may not be deleted or leave its category. */
export async function refuseDeniedRoom(q: Queryable, room: string, moves = false): Promise<void> {
  await q.query(
    'SELECT refuse_denied(denial_in_room(room, category, 1, 9223372036854775807, true, $2)) FROM room_head WHERE room = $1',
    [room, moves],
  )
}

/**
 * Refuses as the deletion of the room, or a clear of it below a place, would, without a lock; what it has looked through they do not
 * look at again behind the room's. Outside of their transaction.
 */
export async function lookBeforeLock(db: Db, room: string, below?: number): Promise<void> {
  if ((await countDenials(db)) === 0) return
  const denial = await transaction(db, async tx => {
    await tx.query('DELETE FROM denial_look WHERE room = $1', [room])
    const { rows } = await tx.query<{ denial: string | null }>(
      `INSERT INTO denial_look (room, low, high)
       SELECT room, CASE WHEN $2::bigint IS NULL THEN 1 ELSE first_seq END, coalesce($2, 9223372036854775807) FROM room_head WHERE room = $1
       ON CONFLICT DO NOTHING RETURNING denial`,
      [room, below ?? null],
    )
    return rows[0]?.denial
  })
  if (denial) await db.query('SELECT refuse_denied($1)', [denial])
}

export async function isDeniedRoom(q: Queryable, room: string): Promise<boolean> {
  const { rows } = await q.query<{ denied: boolean }>(
    'SELECT denial_in_room(room, category, 1, 9223372036854775807, true, false) IS NOT NULL AS denied FROM room_head WHERE room = $1',
    [room],
  )
  return rows[0]?.denied === true
}

export async function refuseDeniedCategory(q: Queryable, category: string): Promise<void> {
  await q.query(
    'SELECT refuse_denied((SELECT id FROM deletion_denial WHERE lifted_at IS NULL AND category = $1 LIMIT 1))',
    [category],
  )
}

/** The store itself writes it into the audit record, as it does where one is lifted. */
export async function insertDenial(tx: Connection, by: string, scope: DenialScope, reason: string): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `INSERT INTO deletion_denial (person, room, category, from_at, until_at, reason, by) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
    [
      ...[scope.person ?? null, scope.room ?? null, scope.category ?? null, scope.from ?? null, scope.until ?? null],
      ...[reason, by],
    ],
  )
  return rows[0]!.id
}

export async function countDenials(q: Queryable): Promise<number> {
  const { rows } = await q.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM deletion_denial WHERE lifted_at IS NULL',
  )
  return rows[0]!.n
}

/**
 * False where it is not there, or was lifted before. What waited for it is looked at anew at once, from its beginning: what was
 * passed over in a pass that is under way is a part of it.
 */
export async function liftDenial(tx: Connection, id: string, by: string, reason: string): Promise<boolean> {
  // A slice that still saw it would write after this how far it came.
  await lockDenials(tx)
  const { rowCount } = await tx.query(
    'UPDATE deletion_denial SET lifted_by = $2, lifted_at = clock_timestamp(), lift_reason = $3 WHERE id = $1 AND lifted_at IS NULL',
    [id, by, reason],
  )
  if (rowCount !== 1) return false
  await tx.query('UPDATE purge SET after_seq = 0, denied = 0, look_at = NULL')
  return true
}

const principalSql = (id: string) => `CASE WHEN ${id} = '${operator.id}' THEN '${JSON.stringify(operator)}'::json
  ELSE (SELECT json_build_object('id', p.id, 'kind', p.kind, 'name', p.name, 'displayName', p.display_name) FROM principal p WHERE p.id = ${id}) END`

/** The newest first: those that hold, those that were lifted, or one by its id. */
export async function listDenials(
  q: Queryable,
  which: { lifted: boolean; limit: number } | { id: string },
): Promise<DenialRow[]> {
  const { rows } = await q.query<DenialRow>(
    `SELECT d.id, ${principalSql('d.person')} AS person, d.from_at AS "from", d.until_at AS until, d.reason, d.at,
            CASE WHEN d.room IS NOT NULL THEN json_build_object('id', d.room, 'name', (SELECT name FROM room WHERE id = d.room)) END AS room,
            CASE WHEN d.category IS NOT NULL THEN json_build_object('id', d.category, 'name', (SELECT name FROM category WHERE id = d.category)) END AS category,
            ${principalSql('d.by')} AS by, ${principalSql('d.lifted_by')} AS "liftedBy", d.lifted_at AS "liftedAt", d.lift_reason AS "liftReason"
       FROM deletion_denial d WHERE CASE WHEN $1::uuid IS NULL THEN (d.lifted_at IS NOT NULL) = $2 ELSE d.id = $1 END
      ORDER BY coalesce(d.lifted_at, d.at) DESC, d.id LIMIT $3`,
    'id' in which ? [which.id, false, 1] : [null, which.lifted, which.limit],
  )
  return rows
}

/** The one that has this id or name. Rooms too that were deleted, where none that is there has the name; 'several' where that is unclear. */
export async function findScope(
  q: Queryable,
  kind: 'room' | 'category',
  ref: string,
): Promise<string | 'several' | undefined> {
  const gone = kind === 'room' ? 'deleted_at IS NOT NULL' : 'false'
  const { rows } = await q.query<{ id: string; rank: number }>(
    `SELECT id, CASE WHEN id::text = lower($1) THEN 0 WHEN ${gone} THEN 2 ELSE 1 END AS rank
       FROM ${kind} WHERE id::text = lower($1) OR lower(name) = lower($1) ORDER BY rank LIMIT 2`,
    [ref],
  )
  return rows.length === 2 && rows[0]!.rank === rows[1]!.rank ? 'several' : rows[0]?.id
}

export type Reach = {
  messages: number
  hidden: number
  files: number
  gone: number
  /** Places of the room or category whose messages are not here; undefined where the scope names neither. */
  missing: number | undefined
}

const reachMs = 15_000

/** What a denial holds, and what was gone before, of one snapshot. Undefined where it takes too long to count. */
export async function readReach(db: Db, scope: DenialScope): Promise<Reach | undefined> {
  const values = [
    ...[scope.person ?? null, scope.room ?? null, scope.category ?? null, scope.from ?? null],
    scope.until ?? null,
  ]
  const read = async (tx: Queryable) => {
    await planForValues(tx)
    await tx.query(`SET LOCAL statement_timeout = ${reachMs}; SET LOCAL jit = off`)
    const fits = (at: string, author: string, room: string) =>
      `($1::uuid IS NULL OR ${author} = $1) AND ($2::uuid IS NULL OR ${room} = $2) AND ($3::uuid IS NULL OR h.category = $3)
       AND ($4::timestamptz IS NULL OR ${at} >= $4) AND ($5::timestamptz IS NULL OR ${at} < $5)`
    const { rows } = await tx.query<Omit<Reach, 'missing'> & { missing: number | null }>(
      `SELECT m.*, f.files, CASE WHEN $2::uuid IS NOT NULL OR $3::uuid IS NOT NULL THEN
                (SELECT coalesce(sum(h.last_seq - (SELECT count(*) FROM message m WHERE m.room = h.room)), 0)::bigint FROM room_head h
                  WHERE ($2::uuid IS NULL OR h.room = $2) AND ($3::uuid IS NULL OR h.category = $3)) END AS missing
         FROM (SELECT count(*) FILTER (WHERE m.text IS NOT NULL AND m.seq >= h.first_seq AND r.deleted_at IS NULL)::int AS messages,
                      count(*) FILTER (WHERE m.text IS NOT NULL AND (m.seq < h.first_seq OR r.deleted_at IS NOT NULL))::int AS hidden,
                      count(*) FILTER (WHERE m.text IS NULL OR m.revision > 0)::int AS gone
                 FROM message m JOIN room_head h ON h.room = m.room JOIN room r ON r.id = m.room WHERE ${fits('m.at', 'm.author', 'm.room')}) m,
              (SELECT count(*)::int AS files FROM file f LEFT JOIN room_head h ON h.room = f.room
                WHERE f.body IS NOT NULL AND f.state <> 'uploading' AND ${fits('coalesce(f.posted_at, f.created_at)', 'f.author', 'f.room')}) f`,
      values,
    )
    const { missing, ...counts } = rows[0]!
    return { ...counts, missing: missing ?? undefined }
  }
  try {
    return await transaction(db, read, 'ISOLATION LEVEL REPEATABLE READ READ ONLY')
  } catch (error) {
    if ((error as { code?: unknown }).code === '57014') return undefined
    throw error
  }
}

/** What collection leaves because of denials: rooms that wait, and their messages; files that would be gone. */
export async function readWithheld(q: Queryable): Promise<{ denials: number; rooms: number; messages: number }> {
  const { rows } = await q.query<{ denials: number; rooms: number; messages: number }>(
    `SELECT (SELECT count(*)::int FROM deletion_denial WHERE lifted_at IS NULL) AS denials,
            count(*) FILTER (WHERE look_at IS NOT NULL)::int AS rooms,
            coalesce(sum(denied) FILTER (WHERE look_at IS NOT NULL), 0)::bigint AS messages FROM purge`,
  )
  return rows[0]!
}
