import { type Connection, type Db, transaction } from './db.ts'

/** Past its end a day waits so long for a post that was under way: a host of the store that takes over may have a clock behind. */
const settleMinutes = 10
const pastRows = 20_000
const noRoom = '00000000-0000-0000-0000-000000000000'

export type CountOptions = { rows?: number; settleMinutes?: number }
type State = { day: string; isOver: boolean; keptDay: string; pastRoom: string; pastSeq: number; pastDone: boolean }

/**
 * One step of counting what rooms and people did: a day that is over, else a slice of the messages from before counting began, else a
 * week or month that is over. Answers whether there may be more. One process at a time; another finds nothing to do.
 */
export function countUsage(db: Db, options: CountOptions = {}): Promise<boolean> {
  return transaction(db, async tx => {
    const state = await readState(tx, 'SKIP LOCKED', options.settleMinutes)
    if (!state) return false
    if (state.isOver) await countDay(tx, state.day)
    else if (!state.pastDone) await countPast(tx, state, options.rows ?? pastRows)
    else return countSpan(tx)
    return true
  })
}

/** Counts all days that are over where one that ended before `instant` is not: what they are counted from is about to be dropped. */
export async function countDaysBefore(db: Db, instant: Date): Promise<void> {
  const { rowCount } = await db.query(
    "SELECT FROM usage_state WHERE (next_day + 1)::timestamp AT TIME ZONE 'UTC' < $1",
    [instant],
  )
  if (rowCount === 0) return
  const countNext = () =>
    transaction(db, async tx => {
      const state = await readState(tx, '')
      if (state?.isOver) await countDay(tx, state.day)
      return state?.isOver
    })
  while (await countNext());
}

/** Counts what is from before counting began to its end, waiting for whoever is at it: messages of elsewhere are about to come in. */
export async function countPastUsage(db: Db): Promise<void> {
  const countNext = () =>
    transaction(db, async tx => {
      const state = (await readState(tx, ''))!
      if (!state.pastDone) await countPast(tx, state, pastRows)
      return !state.pastDone
    })
  while (await countNext());
}

/** Counts all anew from the messages that are there, as after messages of the past came in by another way than posting. */
export async function recountUsage(db: Db): Promise<void> {
  await transaction(db, async tx => {
    await tx.query('SELECT FROM usage_state FOR UPDATE')
    await tx.query(
      'DELETE FROM usage_day; DELETE FROM usage_room; DELETE FROM usage_user; DELETE FROM usage_last; DELETE FROM usage_span',
    )
    await tx.query(
      `UPDATE usage_state SET kept_day = (clock_timestamp() AT TIME ZONE 'UTC')::date, past_room = NULL, past_seq = NULL, past_done = false,
              next_day = (clock_timestamp() AT TIME ZONE 'UTC')::date`,
    )
  })
  while (await countUsage(db));
}

/** Over: nobody writes a post of that day any more, since each began later or has ended. */
async function readState(
  tx: Connection,
  lock: 'SKIP LOCKED' | '',
  minutes = settleMinutes,
): Promise<State | undefined> {
  const { rows } = await tx.query<State>(
    `SELECT next_day::text AS day, kept_day::text AS "keptDay", coalesce(past_room, $2::uuid) AS "pastRoom",
            coalesce(past_seq, 0) AS "pastSeq", past_done AS "pastDone",
            clock_timestamp() > ends_at + make_interval(mins => $1) AND NOT EXISTS (
              SELECT FROM pg_stat_activity a
               WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_xid IS NOT NULL AND a.xact_start < ends_at
            ) AS "isOver"
       FROM usage_state, LATERAL (SELECT (next_day + 1)::timestamp AT TIME ZONE 'UTC' AS ends_at) e FOR UPDATE OF usage_state ${lock}`,
    [minutes, noRoom],
  )
  return rows[0]
}

async function countDay(tx: Connection, day: string): Promise<void> {
  await tx.query(
    `WITH posted AS MATERIALIZED (
       SELECT room, author, count(*) AS n FROM repeat
        WHERE at >= $1::date::timestamp AT TIME ZONE 'UTC' AND at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY GROUPING SETS ((room), (author))
     ), rooms AS (
       INSERT INTO usage_room SELECT $1::date, room, n FROM posted WHERE room IS NOT NULL
     ), users AS (
       INSERT INTO usage_user SELECT $1::date, author, n FROM posted WHERE author IS NOT NULL
     ), last AS (
       INSERT INTO usage_last SELECT author, $1::date FROM posted WHERE author IS NOT NULL
       ON CONFLICT (principal) DO UPDATE SET day = greatest(usage_last.day, excluded.day)
     ), whole AS (
       INSERT INTO usage_day
       SELECT $1::date, coalesce(sum(n) FILTER (WHERE room IS NOT NULL), 0), count(room), count(author) FROM posted
     )
     UPDATE usage_state SET next_day = $1::date + 1`,
    [day],
  )
}

async function countPast(tx: Connection, { keptDay, pastRoom, pastSeq }: State, limit: number): Promise<void> {
  const { rows } = await tx.query<{ room: string; seq: number; read: number }>(
    `WITH slice AS MATERIALIZED (
       SELECT room, seq, author, (at AT TIME ZONE 'UTC')::date AS day FROM message
        WHERE (room, seq) > ($2::uuid, $3::bigint) ORDER BY room, seq LIMIT $4
     ), old AS (
       SELECT * FROM slice WHERE day < $1::date
     ), rooms AS (
       INSERT INTO usage_room SELECT day, room, count(*) FROM old GROUP BY day, room
       ON CONFLICT (day, room) DO UPDATE SET messages = usage_room.messages + excluded.messages
     ), users AS (
       INSERT INTO usage_user SELECT day, author, count(*) FROM old GROUP BY day, author
       ON CONFLICT (day, principal) DO UPDATE SET messages = usage_user.messages + excluded.messages
     ), last AS (
       INSERT INTO usage_last SELECT author, max(day) FROM old GROUP BY author
       ON CONFLICT (principal) DO UPDATE SET day = greatest(usage_last.day, excluded.day)
     )
     SELECT room, seq, count(*) OVER () AS read FROM slice ORDER BY room DESC, seq DESC LIMIT 1`,
    [keptDay, pastRoom, pastSeq, limit],
  )
  const last = rows[0]
  if (last) await tx.query('UPDATE usage_state SET past_room = $1, past_seq = $2', [last.room, last.seq])
  if ((last?.read ?? 0) < limit) await endPast(tx, keptDay)
}

async function endPast(tx: Connection, keptDay: string): Promise<void> {
  await tx.query(
    `INSERT INTO usage_day
     SELECT day, r.messages, r.rooms, u.users
       FROM (SELECT day, sum(messages) AS messages, count(*) AS rooms FROM usage_room WHERE day < $1::date GROUP BY day) r
       JOIN (SELECT day, count(*) AS users FROM usage_user WHERE day < $1::date GROUP BY day) u USING (day)`,
    [keptDay],
  )
  await tx.query('UPDATE usage_state SET past_done = true')
}

/** The newest one that is over and not counted. Answers whether there was any. */
async function countSpan(tx: Connection): Promise<boolean> {
  const { rowCount } = await tx.query(
    `WITH span AS MATERIALIZED (
       SELECT DISTINCT unit, first, ends
         FROM usage_day d, unnest(ARRAY['week', 'month']) unit, usage_state s,
              LATERAL (SELECT date_trunc(unit, d.day::timestamp)::date AS first) f,
              LATERAL (SELECT (f.first + ('1 ' || unit)::interval)::date AS ends) e
        WHERE ends <= s.next_day AND NOT EXISTS (SELECT FROM usage_span u WHERE u.unit = unit.unit AND u.day = f.first)
        ORDER BY ends DESC LIMIT 1
     )
     INSERT INTO usage_span
     SELECT unit, first, (SELECT count(DISTINCT room) FROM usage_room WHERE day >= first AND day < ends),
            (SELECT count(DISTINCT principal) FROM usage_user WHERE day >= first AND day < ends) FROM span`,
  )
  return rowCount === 1
}
