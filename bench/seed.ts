import { Client } from 'pg'
import { progress } from './figures.ts'
import type { BenchServer } from './server.ts'
import {
  type Fill,
  LARGE,
  MEDIUM,
  MEDIUM_PER_USER,
  POST_ROOMS,
  roomCount,
  SMALL,
  SMALL_PER_USER,
  strides,
} from './world.ts'

const GROUPS = 2000
/** md5 as a UUID, as world.ts makes it. */
const id = (kind: string, number: string) => `md5('${kind} ' || ${number})::uuid`

/** Puts the world of world.ts into the store, beside the verbs: through them 20,000 users would take an hour. */
export async function seedWorld(
  server: Pick<BenchServer, 'asAdmin' | 'databaseSocket'>,
  users: number,
  fill: Fill,
): Promise<void> {
  const { category } = await server.asAdmin('category.create', { name: 'Bench', allowedMembers: ['example.com'] })
  const db = new Client({ host: server.databaseSocket, user: 'pchat', database: 'pchat' })
  await db.connect()
  try {
    for (const statement of statements(users, category.id, fill)) await db.query(statement)
  } finally {
    await db.end()
    progress(`${users} users are in the store`)
  }
}

function statements(users: number, category: string, { affiliations, messages }: Fill): string[] {
  const rooms = roomCount(users)
  const openRooms = LARGE + POST_ROOMS
  return [
    'BEGIN',
    // As a restore does: no checks of references, row by row, for millions of rows.
    'SET LOCAL session_replication_role = replica',
    'SET LOCAL synchronous_commit = off',
    `INSERT INTO principal (id, kind, name, name_key, display_name)
     SELECT ${id('user', 'n')}, 'user', 'user' || n || '@example.com', 'user' || n || '@example.com', 'User ' || n
       FROM generate_series(0, ${users - 1}) n`,
    `INSERT INTO principal (id, kind, name, name_key, display_name)
     SELECT ${id('group', 'n')}, 'group', 'group ' || n, 'group ' || n, 'Group ' || n FROM generate_series(0, ${GROUPS - 1}) n`,
    `INSERT INTO group_member (grp, member)
     SELECT ${id('group', `(n * 7 + g * 41) % ${GROUPS}`)}, ${id('user', 'n')}
       FROM generate_series(0, ${users - 1}) n, generate_series(1, ${affiliations - 2}) g`,
    'INSERT INTO affiliation SELECT member, grp FROM group_member',
    `INSERT INTO affiliation SELECT id, id FROM principal WHERE name LIKE 'user%@example.com' OR name LIKE 'group %'`,
    `INSERT INTO affiliation SELECT id, (SELECT id FROM principal WHERE kind = 'domain' AND name = 'example.com')
       FROM principal WHERE name LIKE 'user%@example.com'`,
    `INSERT INTO session (principal, token_hash, kind, address)
     SELECT ${id('user', 'n')}, sha256(convert_to('bench token ' || n, 'UTF8')), 'person', '127.0.0.1'
       FROM generate_series(0, ${users - 1}) n`,
    // Large rooms and those for posts are for everyone in scope, the others for those in their lists.
    `INSERT INTO room (id, name, name_key, all_members, created_by)
     SELECT ${id('room', 'n')}, 'Room ' || n, 'room ' || n, n < ${openRooms}, ${id('user', '0')}
       FROM generate_series(0, ${rooms - 1}) n`,
    `INSERT INTO room_head (room, category, last_seq, last_at)
     SELECT ${id('room', 'n')}, '${category}', ${messages}, now() - interval '1 hour' FROM generate_series(0, ${rooms - 1}) n`,
    `INSERT INTO room_user (member, room, followed, read_seq)
     SELECT ${id('user', 'f.n')}, ${id('room', 'f.room')}, true, ${messages - 5} FROM (${followsSql(users)}) f`,
    `INSERT INTO room_entry (room, role, principal)
     SELECT room, 0, member FROM room_user JOIN room ON room.id = room_user.room WHERE NOT all_members`,
    `INSERT INTO message (room, seq, author, client_id, at, text)
     SELECT ${id('room', 'n')}, seq, ${id('user', `(n * 31 + seq * 7) % ${users}`)}, gen_random_uuid(),
            now() - interval '2 hours' + seq * interval '1 minute', 'Message ' || seq || ' of the past ' || repeat('and so on ', 12)
       FROM generate_series(0, ${rooms - 1}) n, generate_series(1, ${messages}) seq`,
    'COMMIT',
    'VACUUM ANALYZE',
    'CHECKPOINT',
  ]
}

/** (user, number of the room) as roomsOf in world.ts has it. */
function followsSql(users: number): string {
  const firstSmall = LARGE + POST_ROOMS
  const firstMedium = firstSmall + (SMALL_PER_USER * users) / SMALL
  const place = `((n::bigint * stride) % ${users})`
  const listed = (from: number, size: number, some: number[]) => `
    SELECT n, ${from} + (k - 1) * ${users / size} + ${place} / ${size} AS room
      FROM generate_series(0, ${users - 1}) n, unnest(ARRAY[${some}]) WITH ORDINALITY AS s (stride, k)`
  return [
    `SELECT n, room::bigint FROM generate_series(0, ${users - 1}) n, generate_series(0, ${LARGE - 1}) room`,
    listed(firstSmall, SMALL, strides.slice(0, SMALL_PER_USER)),
    listed(firstMedium, MEDIUM, strides.slice(SMALL_PER_USER, SMALL_PER_USER + MEDIUM_PER_USER)),
  ].join(' UNION ALL ')
}
