import type { PrincipalKind } from '../protocol/principal.ts'
import type { InvitationSetting, Privacy, RoomType } from '../protocol/room.ts'
import type { Connection, Db, Queryable, Row } from './db.ts'

/** All of the store in the order of an archive, a page at a time. One snapshot; nothing of it is held in memory but a page. */

export type ArchivedPrincipal = {
  id: string
  kind: PrincipalKind
  name: string
  displayName: string
  email: string | null
  /** Id of its organisational unit. */
  unit: string | null
  bot: boolean
  disabled: boolean
}

export type ArchivedCategory = {
  id: string
  name: string
  description: string
  invitations: boolean
  fileUpload: boolean
  chatHistory: boolean
}

export type ArchivedRoom = {
  id: string
  category: string
  name: string
  description: string
  type: RoomType
  privacy: Privacy
  invitations: InvitationSetting
  allMembers: boolean
  disabled: boolean
  createdAt: string
  firstSeq: number
  lastSeq: number
  lastAt: string | null
  revision: number
}

export type ArchivedMessage = {
  room: string
  seq: number
  at: string
  author: string
  clientId: string
  format: string
  alert: boolean
  title: string | null
  /** Null: removed. */
  text: string | null
  file: { id: string; name: string; size: number } | null
  revision: number
}

/** Members of one group, or one list of a category or room; long ones come in several. */
export type ArchivedList = { owner: string; list: string; principals: string[] }

const page = 1_000
/** Stories are long, and all of a page stand in memory. */
const messagePage = 250
const iso = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** Runs `work` in one snapshot; it may wait for its reader as long as it likes, within reason. */
export async function inSnapshot<T>(db: Db, work: (tx: Connection) => Promise<T>): Promise<T> {
  const tx = await db.connect()
  try {
    await tx.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await tx.query("SET LOCAL idle_in_transaction_session_timeout = '10min'")
    return await work(tx)
  } finally {
    await tx.query('ROLLBACK').catch(() => {})
    tx.release()
  }
}

/** Pages by a key that rises: `sql` takes the last key and how many. */
async function* paged<R extends Row>(
  q: Queryable,
  sql: string,
  start: unknown[],
  keyOf: (row: R) => unknown[],
  more: unknown[] = [],
  size = page,
) {
  for (let key = start; ; ) {
    const { rows } = await q.query<R>(sql, [size, ...key, ...more])
    yield* rows
    if (rows.length < size) return
    key = keyOf(rows.at(-1)!)
  }
}

const kinds = `array_position('{domain,organizationalUnit,user,group}', p.kind)`
const zero = '00000000-0000-0000-0000-000000000000'

/** Domains, then units (each after the one that it lies in), users and groups. */
export async function* readPrincipals(tx: Connection): AsyncGenerator<ArchivedPrincipal> {
  yield* paged<ArchivedPrincipal & { place: number; depth: number }>(
    tx,
    `WITH RECURSIVE unit (id, depth) AS (
       SELECT id, 0 FROM principal WHERE kind = 'organizationalUnit' AND parent IS NULL
       UNION ALL SELECT p.id, u.depth + 1 FROM unit u JOIN principal p ON p.parent = u.id AND p.kind = 'organizationalUnit')
     SELECT p.id, p.kind, p.name, p.display_name AS "displayName", p.email, p.parent AS unit, p.bot, p.disabled, ${kinds} AS place,
            coalesce(u.depth, 0) AS depth
       FROM principal p LEFT JOIN unit u ON u.id = p.id
      WHERE (${kinds}, coalesce(u.depth, 0), p.id) > ($2::int, $3::int, $4::uuid)
      ORDER BY ${kinds}, coalesce(u.depth, 0), p.id LIMIT $1`,
    [0, 0, zero],
    row => [row.place, row.depth, row.id],
  )
}

export async function* readGroupMembers(tx: Connection): AsyncGenerator<ArchivedList> {
  yield* gathered(
    paged<Pair>(
      tx,
      `SELECT grp AS owner, 'members' AS list, member AS principal FROM group_member
        WHERE (grp, member) > ($2::uuid, $3::uuid) ORDER BY grp, member LIMIT $1`,
      [zero, zero],
      row => [row.owner, row.principal],
    ),
  )
}

type Pair = { owner: string; list: string; principal: string }

async function* gathered(pairs: AsyncIterable<Pair>): AsyncGenerator<ArchivedList> {
  let list: ArchivedList | undefined
  for await (const pair of pairs) {
    if (list && (list.owner !== pair.owner || list.list !== pair.list || list.principals.length >= page)) {
      yield list
      list = undefined
    }
    list ??= { owner: pair.owner, list: pair.list, principals: [] }
    list.principals.push(pair.principal)
  }
  if (list) yield list
}

/** `names` null: all. */
export async function readArchivedCategories(tx: Connection, ids: string[] | null): Promise<ArchivedCategory[]> {
  const { rows } = await tx.query<ArchivedCategory>(
    `SELECT id, name, description, invitations, file_upload AS "fileUpload", chat_history AS "chatHistory" FROM category
      WHERE $1::uuid[] IS NULL OR id = ANY ($1) ORDER BY id`,
    [ids],
  )
  return rows
}

/** Denied first: whoever reads them in this order never opens a wall. */
export async function* readCategoryLists(tx: Connection, category: string): AsyncGenerator<ArchivedList> {
  const one = (list: string, table: string, where: string) =>
    gathered(
      paged<Pair>(
        tx,
        `SELECT category AS owner, '${list}' AS list, principal FROM ${table}
          WHERE category = $3 AND principal > $2::uuid AND ${where} ORDER BY principal LIMIT $1`,
        [zero],
        row => [row.principal],
        [category],
      ),
    )
  yield* one('deniedMembers', 'category_scope', 'denied')
  yield* one('allowedMembers', 'category_scope', 'NOT denied')
  yield* one('creators', 'category_creator', 'true')
}

/** Rooms of these categories (null: of all) by id. With `since` a room begins at its first message from then on. */
export async function* readArchivedRooms(
  tx: Connection,
  categories: string[] | null,
  since: string | undefined,
): AsyncGenerator<ArchivedRoom> {
  yield* paged<ArchivedRoom>(
    tx,
    `SELECT r.id, h.category, r.name, r.description, r.type, r.privacy, r.invitations, r.all_members AS "allMembers", h.disabled,
            ${iso('r.created_at')} AS "createdAt", h.last_seq AS "lastSeq", h.revision,
            CASE WHEN h.last_at > '-infinity' THEN ${iso('h.last_at')} END AS "lastAt",
            CASE WHEN $4::timestamptz IS NULL THEN h.first_seq
                 ELSE greatest(h.first_seq, coalesce(seq_after(r.id, $4::timestamptz - interval '1 millisecond'), h.last_seq + 1)) END AS "firstSeq"
       FROM room r JOIN room_head h ON h.room = r.id
      WHERE r.deleted_at IS NULL AND ($3::uuid[] IS NULL OR h.category = ANY ($3)) AND r.id > $2::uuid ORDER BY r.id LIMIT $1`,
    [zero],
    row => [row.id],
    [categories, since ?? null],
  )
}

export async function* readRoomLists(tx: Connection, room: string): AsyncGenerator<ArchivedList> {
  yield* gathered(
    paged<Pair & { role: number }>(
      tx,
      `SELECT room AS owner, (ARRAY['members', 'managers', 'presenters'])[role + 1] AS list, principal, role FROM room_entry
        WHERE room = $4 AND (role, principal) > ($2::smallint, $3::uuid) ORDER BY role, principal LIMIT $1`,
      [-1, zero],
      row => [row.role, row.principal],
      [room],
    ),
  )
}

/** What a room keeps from `firstSeq` on, removed ones too. */
export async function* readArchivedMessages(
  tx: Connection,
  room: string,
  firstSeq: number,
): AsyncGenerator<ArchivedMessage> {
  yield* paged<ArchivedMessage>(
    tx,
    `SELECT room, seq, ${iso('at')} AS at, author, client_id AS "clientId", format, alert, title, text, file, revision FROM message
      WHERE room = $3 AND seq > $2 ORDER BY seq LIMIT $1`,
    [firstSeq - 1],
    row => [row.seq],
    [room],
    messagePage,
  )
}
