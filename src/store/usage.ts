import { Refusal } from '../protocol/error.ts'
import type { UsageReport } from '../protocol/usage-verbs.ts'
import { type Db, planForValues, type Queryable, transaction } from './db.ts'
import { limited, refuseLong } from './time-limit.ts'

/** Days in UTC, the last one included. */
export type UsagePeriod = { from: string; until: string; inactiveSince: string; limit: number }

const reportWithinMs = 15_000
const tooLong = () =>
  new Refusal(
    'too_large',
    'This report takes the store too long. Name a shorter period, or a later day for inactiveSince.',
  )

/**
 * What rooms and people did, all of one snapshot. Days that are over were counted once and are exact from `exactSince` on: every
 * acknowledged post, also in rooms without history and in rooms deleted since (which have no name any more), whatever was removed
 * or cleared later. The running day is counted when somebody asks. Days before `exactSince` know the messages that were still
 * there when counting began. Refusal: too_large where the store takes too long.
 */
export function readUsage(db: Db, period: UsagePeriod, withinMs = reportWithinMs): Promise<UsageReport> {
  const read = async (tx: Parameters<Parameters<typeof transaction>[1]>[0]) => {
    await planForValues(tx)
    await tx.query("SET LOCAL jit = off; SET LOCAL work_mem = '32MB'; SET LOCAL max_parallel_workers_per_gather = 1")
    const q = limited(tx, withinMs, tooLong)
    const { from, until, inactiveSince } = period
    const { rows } = await q.query<{ exactSince: string; counting: boolean }>(
      'SELECT kept_day::text AS "exactSince", NOT past_done AS counting FROM usage_state',
    )
    const { active: activeRooms, ...rooms } = await readRooms(q, period)
    const { active: activeUsers, ...users } = await readUsers(q, period)
    const trends = await readTrends(q, period)
    const messages = trends.monthly.reduce((sum, bucket) => sum + bucket.messages, 0)
    const totals = await readTotals(q)
    return {
      ...{ from, until, inactiveSince, ...rows[0]! },
      ...{ totals, period: { messages, activeRooms, activeUsers }, rooms, users, ...trends },
    }
  }
  return transaction(db, read, 'ISOLATION LEVEL REPEATABLE READ READ ONLY').catch(refuseLong(tooLong))
}

/** Posts of days that are not counted yet, by day and `column`. */
const freshSql = (column: 'room' | 'author') =>
  `SELECT (at AT TIME ZONE 'UTC')::date AS day, ${column}, count(*) AS messages FROM repeat
    WHERE at >= (SELECT next_day::timestamp AT TIME ZONE 'UTC' FROM usage_state) GROUP BY 1, 2`

const instantSql = (at: string) => `to_char(${at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const dayStartSql = (day: string) => `${day}::date::timestamp AT TIME ZONE 'UTC'`
const listSql = (columns: string, rest: string) =>
  `coalesce((SELECT json_agg(json_build_object(${columns})) FROM (SELECT * FROM live ${rest} LIMIT $4) x), '[]')`

type Active<T> = T & { active: number }

async function readRooms(q: Queryable, { from, until, inactiveSince, limit }: UsagePeriod) {
  const room = `'room', json_build_object('id', id, 'name', name, 'categoryName', category)`
  const used = `${room}, 'disabled', disabled, 'messages', messages`
  const idle = `${room}, 'createdAt', ${instantSql('created_at')}, 'lastPostAt', ${instantSql("nullif(last_at, '-infinity')")}`
  const isIdle = `NOT disabled AND last_at < ${dayStartSql('$3')} AND created_at < ${dayStartSql('$3')}`
  const { rows } = await q.query<Active<UsageReport['rooms']>>(
    `WITH fresh AS MATERIALIZED (${freshSql('room')}),
     used AS MATERIALIZED (
       SELECT room, sum(messages)::bigint AS messages
         FROM (SELECT day, room, messages FROM usage_room WHERE day BETWEEN $1::date AND $2::date UNION ALL SELECT * FROM fresh) u
        WHERE day BETWEEN $1::date AND $2::date GROUP BY room
     ), live AS MATERIALIZED (
       SELECT r.id, r.name, c.name AS category, h.disabled, r.created_at, h.last_at, coalesce(u.messages, 0) AS messages
         FROM room r JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category LEFT JOIN used u ON u.room = r.id
        WHERE r.deleted_at IS NULL
     )
     SELECT (SELECT count(*) FROM used) AS active,
            ${listSql(used, 'WHERE messages > 0 ORDER BY messages DESC, name')} AS "mostActive",
            ${listSql(used, 'WHERE NOT disabled ORDER BY messages, created_at, name')} AS "leastActive",
            json_build_object('count', (SELECT count(*) FROM live WHERE ${isIdle}),
                              'longest', ${listSql(idle, `WHERE ${isIdle} ORDER BY last_at, created_at, name`)}) AS inactive`,
    [from, until, inactiveSince, limit],
  )
  return rows[0]!
}

async function readUsers(q: Queryable, { from, until, inactiveSince, limit }: UsagePeriod) {
  const principal = `'principal', json_build_object('id', id, 'kind', 'user', 'name', name, 'displayName', display_name)`
  const used = `${principal}, 'messages', messages`
  const signedIn = `(SELECT max(s.at) FROM sign_in s WHERE s.principal = x.id AND s.outcome = 'ok')`
  const idle = `${principal}, 'lastPostDay', last_day::text, 'lastSignInAt', ${instantSql(signedIn)}`
  const isIdle = `idle AND NOT disabled`
  const { rows } = await q.query<Active<UsageReport['users']>>(
    `WITH fresh AS MATERIALIZED (${freshSql('author')}),
     used AS MATERIALIZED (
       SELECT author, sum(messages)::bigint AS messages
         FROM (SELECT day, principal AS author, messages FROM usage_user WHERE day BETWEEN $1::date AND $2::date UNION ALL SELECT * FROM fresh) u
        WHERE day BETWEEN $1::date AND $2::date GROUP BY author
     ), last AS MATERIALIZED (
       SELECT principal, max(day) AS day FROM (SELECT * FROM usage_last UNION ALL SELECT author, day FROM fresh) l GROUP BY principal
     ), seen AS MATERIALIZED (
       SELECT principal FROM session WHERE last_used_at >= ${dayStartSql('$3')}
       UNION SELECT principal FROM sign_in WHERE at >= ${dayStartSql('$3')} AND outcome = 'ok' AND principal IS NOT NULL
     ), live AS MATERIALIZED (
       SELECT p.id, p.name, p.display_name, p.disabled, p.created_at, l.day AS last_day, coalesce(u.messages, 0) AS messages,
              p.created_at < ${dayStartSql('$3')} AND coalesce(l.day < $3::date, true) AND s.principal IS NULL AS idle
         FROM principal p LEFT JOIN used u ON u.author = p.id LEFT JOIN last l ON l.principal = p.id LEFT JOIN seen s ON s.principal = p.id
        WHERE p.kind = 'user'
     )
     SELECT (SELECT count(*) FROM used) AS active,
            ${listSql(used, 'WHERE messages > 0 ORDER BY messages DESC, name')} AS "mostActive",
            ${listSql(used, 'WHERE NOT disabled ORDER BY messages, created_at, name')} AS "leastActive",
            json_build_object('count', (SELECT count(*) FROM live WHERE ${isIdle}),
                              'longest', ${listSql(idle, `WHERE ${isIdle} ORDER BY last_day NULLS FIRST, created_at, name`)}) AS inactive`,
    [from, until, inactiveSince, limit],
  )
  return rows[0]!
}

type Trends = Pick<UsageReport, 'daily' | 'weekly' | 'monthly'>

/** Weeks and months that are whole in the period were counted when they were over; of the others it is counted now who was active. */
async function readTrends(q: Queryable, { from, until }: UsagePeriod): Promise<Trends> {
  const activeSql = (column: string, table: string, fresh: string) =>
    `(SELECT count(DISTINCT who) FROM (SELECT ${column} AS who FROM ${table} WHERE day BETWEEN b.first AND b.last
                                       UNION ALL SELECT who FROM ${fresh} WHERE day BETWEEN b.first AND b.last) a)`
  const listSql = (from: string, where = 'true') =>
    `(SELECT json_agg(json_build_object('day', first::text, 'days', days, 'messages', messages, 'rooms', rooms, 'users', users) ORDER BY first)
        FROM ${from} WHERE ${where})`
  const { rows } = await q.query<Trends>(
    `WITH fresh_room AS MATERIALIZED (SELECT day, room AS who, messages FROM (${freshSql('room')}) f),
     fresh_user AS MATERIALIZED (SELECT day, author AS who FROM (${freshSql('author')}) f),
     daily AS MATERIALIZED (
       SELECT d::date AS first, 1 AS days, coalesce(u.messages, r.messages, 0) AS messages, coalesce(u.rooms, r.rooms, 0) AS rooms,
              coalesce(u.users, p.users, 0) AS users
         FROM generate_series($1::date, $2::date, '1 day') d
         LEFT JOIN usage_day u ON u.day = d::date
         LEFT JOIN (SELECT day, sum(messages) AS messages, count(*) AS rooms FROM fresh_room GROUP BY day) r ON r.day = d::date
         LEFT JOIN (SELECT day, count(*) AS users FROM fresh_user GROUP BY day) p ON p.day = d::date
     ), bucket AS MATERIALIZED (
       SELECT unit, date_trunc(unit, first::timestamp)::date AS day, min(first) AS first, max(first) AS last, count(*) AS days,
              sum(messages) AS messages
         FROM daily, unnest(ARRAY['week', 'month']) unit GROUP BY 1, 2
     ), span AS MATERIALIZED (
       SELECT b.unit, b.first, b.days, b.messages,
              coalesce(s.rooms, ${activeSql('room', 'usage_room', 'fresh_room')}) AS rooms,
              coalesce(s.users, ${activeSql('principal', 'usage_user', 'fresh_user')}) AS users
         FROM bucket b
         LEFT JOIN usage_span s ON s.unit = b.unit AND s.day = b.day AND b.first = b.day
                               AND b.last + 1 = (b.day + ('1 ' || b.unit)::interval)::date
     )
     SELECT ${listSql('daily')} AS daily, ${listSql('span', "unit = 'week'")} AS weekly, ${listSql('span', "unit = 'month'")} AS monthly`,
    [from, until],
  )
  return rows[0]!
}

async function readTotals(q: Queryable): Promise<UsageReport['totals']> {
  const { rows } = await q.query<{ totals: UsageReport['totals'] }>(
    `SELECT json_build_object(
       'messages', r.messages, 'rooms', json_build_object('enabled', r.enabled, 'disabled', r.disabled),
       'users', json_build_object('enabled', u.enabled, 'disabled', u.disabled, 'bots', u.bots),
       'files', f.files, 'fileBytes', f.bytes, 'storedBytes', (SELECT coalesce(sum(size), 0) FROM file_piece)) AS totals
       FROM (SELECT coalesce(sum(h.last_seq), 0) AS messages, count(*) FILTER (WHERE NOT h.disabled) AS enabled,
                    count(*) FILTER (WHERE h.disabled) AS disabled
               FROM room r JOIN room_head h ON h.room = r.id WHERE r.deleted_at IS NULL) r,
            (SELECT count(*) FILTER (WHERE NOT disabled) AS enabled, count(*) FILTER (WHERE disabled) AS disabled,
                    count(*) FILTER (WHERE bot) AS bots FROM principal WHERE kind = 'user') u,
            (SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM file WHERE state = 'ready') f`,
  )
  return rows[0]!.totals
}
