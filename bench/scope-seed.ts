import { Client } from 'pg'
import { groupId, type Model } from './load/model.ts'
import type { Site } from './load/site.ts'
import { uuidOf } from './world.ts'

/** Groups of the scope bench: every 80th user, and every second one. */
export const thousand = 13_000_000
export const half = 13_000_001
const everyOf = new Map([
  [thousand, 80],
  [half, 2],
])

/**
 * After `provision`: all rooms in the category, entries up to `entries` (members beyond those of the model, each at random), and the
 * groups that scopes are changed by, which nobody else's affiliation leads to.
 */
export async function seedScope(site: Site, model: Model, category: string, entries: number): Promise<void> {
  const db = new Client(site.databaseUrl)
  await db.connect()
  try {
    await db.query('BEGIN')
    await db.query('SET LOCAL session_replication_role = replica')
    await db.query('SET LOCAL synchronous_commit = off')
    await db.query('UPDATE room_head SET category = $1', [category])
    const { rows } = await db.query<{ n: string }>('SELECT count(*) AS n FROM room_entry')
    const missing = entries - Number(rows[0]!.n)
    // A tenth more than is missing: some stand there already.
    await db.query(
      `INSERT INTO room_entry (room, role, principal)
       SELECT md5('room ' || n % ${model.rooms})::uuid, 0, md5('user ' || (n::bigint * 7919 + n / ${model.rooms}) % ${model.users})::uuid
         FROM generate_series(1, ${Math.ceil(missing * 1.1)}) n ON CONFLICT DO NOTHING`,
    )
    await db.query(
      'DELETE FROM room_entry WHERE ctid IN (SELECT ctid FROM room_entry WHERE added_by IS NULL LIMIT greatest(0, (SELECT count(*) FROM room_entry) - $1::bigint))',
      [entries],
    )
    for (const [group, each] of everyOf) {
      await db.query(
        "INSERT INTO principal (id, kind, name, name_key, display_name) VALUES ($1, 'group', $2, $2, $2)",
        [groupId(group), `group ${group}`],
      )
      await db.query(
        `INSERT INTO group_member (grp, member) SELECT $1, md5('user ' || n)::uuid FROM generate_series(0, ${model.users - 1}, ${each}) n`,
        [groupId(group)],
      )
      await db.query(
        'INSERT INTO affiliation (member, ancestor) SELECT member, grp FROM group_member WHERE grp = $1 UNION ALL SELECT $1, $1',
        [groupId(group)],
      )
    }
    await db.query('COMMIT')
    await db.query('VACUUM ANALYZE')
    await db.query('CHECKPOINT')
  } finally {
    await db.end()
  }
}

export type Sizes = { users: number; rooms: number; entries: number; affiliations: number }

export async function readSizes(site: Site, category: string): Promise<Sizes> {
  const db = new Client(site.databaseUrl)
  await db.connect()
  try {
    const { rows } = await db.query<Record<keyof Sizes, string>>(
      `SELECT (SELECT count(*) FROM principal WHERE kind = 'user') AS users, (SELECT count(*) FROM room_head WHERE category = $1) AS rooms,
              (SELECT count(*) FROM room_entry) AS entries,
              (SELECT count(*) FROM affiliation WHERE member = $2) AS affiliations`,
      [category, uuidOf('user', 1)],
    )
    const { users, rooms, entries, affiliations } = rows[0]!
    return { users: Number(users), rooms: Number(rooms), entries: Number(entries), affiliations: Number(affiliations) }
  } finally {
    await db.end()
  }
}
