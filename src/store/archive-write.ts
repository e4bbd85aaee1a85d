import type { ArchivedCategory, ArchivedMessage, ArchivedRoom } from './archive-read.ts'
import { textArray } from './array.ts'
import { readCompliance } from './compliance.ts'
import type { Connection, Queryable } from './db.ts'
import { roleNumber } from './room.ts'

/** This transaction reads from a file while it writes: longer than requests may idle. */
export async function takeTime(tx: Connection): Promise<void> {
  await tx.query("SET LOCAL idle_in_transaction_session_timeout = '5min'")
}

/** Who has a name in the one space of rooms and categories. */
export async function ownerOfName(
  q: Queryable,
  nameKey: string,
): Promise<{ id: string; kind: 'room' | 'category' } | undefined> {
  const { rows } = await q.query<{ id: string; kind: 'room' | 'category' }>(
    `SELECT t.owner AS id, CASE WHEN c.id IS NULL THEN 'room' ELSE 'category' END AS kind
       FROM taken_name t LEFT JOIN category c ON c.id = t.owner WHERE t.name_key = $1`,
    [nameKey],
  )
  return rows[0]
}

/** Under its own id where nothing has it yet, so that its address stays; else under a new one. */
export async function insertArchivedCategory(tx: Connection, one: ArchivedCategory): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `INSERT INTO category (id, name, description, invitations, file_upload, chat_history)
     SELECT CASE WHEN EXISTS (SELECT FROM category WHERE id = $1) THEN gen_random_uuid() ELSE $1::uuid END, $2, $3, $4, $5, $6
     RETURNING id`,
    [one.id, one.name, one.description, one.invitations, one.fileUpload, one.chatHistory],
  )
  return rows[0]!.id
}

/** All lists of a category go; those of the archive follow in the same transaction. */
export async function emptyCategoryLists(tx: Connection, category: string): Promise<void> {
  await tx.query('DELETE FROM category_scope WHERE category = $1', [category])
  await tx.query('DELETE FROM category_creator WHERE category = $1', [category])
}

export async function addToCategory(
  tx: Connection,
  category: string,
  list: string,
  principals: string[],
): Promise<void> {
  if (list === 'creators')
    await tx.query(
      'INSERT INTO category_creator (category, principal) SELECT $1, p FROM unnest($2::uuid[]) p ON CONFLICT DO NOTHING',
      [category, principals],
    )
  else
    await tx.query(
      'INSERT INTO category_scope (category, denied, principal) SELECT $1, $2, p FROM unnest($3::uuid[]) p ON CONFLICT DO NOTHING',
      [category, list === 'deniedMembers', principals],
    )
}

/** Whether there is, or was, a room of this id: its numbers are given, its posts known to who repeats them. */
const usedRoomSql = (
  id: string,
) => `(EXISTS (SELECT FROM room WHERE id = ${id}::uuid) OR EXISTS (SELECT FROM message WHERE room = ${id}::uuid)
  OR EXISTS (SELECT FROM repeat WHERE room = ${id}::uuid) OR EXISTS (SELECT FROM passing_message WHERE room = ${id}::uuid)
  OR EXISTS (SELECT FROM audit WHERE subject COLLATE "C" = ${id}::uuid::text))`

export async function isRoomIdUsed(q: Queryable, id: string): Promise<boolean> {
  const { rows } = await q.query<{ used: boolean }>(`SELECT ${usedRoomSql('$1')} AS used`, [id])
  return rows[0]!.used
}

/**
 * Under its own id, and so its address, where no room ever had it here; else under a new one. It is empty, and disabled until its
 * content is in, so that nobody hears half of it.
 */
export async function insertArchivedRoom(
  tx: Connection,
  one: ArchivedRoom,
  nameKey: string,
  category: string,
  createdBy: string,
): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `WITH made AS (
       INSERT INTO room (id, name, name_key, description, type, privacy, invitations, all_members, created_at, created_by)
       SELECT CASE WHEN ${usedRoomSql('$1')} THEN gen_random_uuid() ELSE $1::uuid END,
              $2, $3, $4, $5, $6, $7, $8::boolean, $9::timestamptz, $10::uuid RETURNING id)
     INSERT INTO room_head (room, category, disabled) SELECT id, $11::uuid, true FROM made RETURNING room AS id`,
    [
      ...[one.id, one.name, nameKey, one.description, one.type, one.privacy, one.invitations, one.allMembers],
      ...[one.createdAt, createdBy, category],
    ],
  )
  return rows[0]!.id
}

export async function setArchivedRoom(tx: Connection, room: string, one: ArchivedRoom): Promise<void> {
  await tx.query(
    `UPDATE room SET name = $2, description = $3, type = $4, privacy = $5, invitations = $6, all_members = $7, version = version + 1
      WHERE id = $1`,
    [room, one.name, one.description, one.type, one.privacy, one.invitations, one.allMembers],
  )
}

export async function emptyRoomLists(tx: Connection, room: string): Promise<void> {
  await tx.query('DELETE FROM room_entry WHERE room = $1', [room])
}

const roles: Record<string, number> = {
  members: roleNumber.member,
  managers: roleNumber.manager,
  presenters: roleNumber.presenter,
}

export async function addToRoom(
  tx: Connection,
  room: string,
  list: string,
  principals: string[],
  by: string,
): Promise<void> {
  await tx.query(
    `INSERT INTO room_entry (room, role, principal, added_by) SELECT $1, $2, p, $4 FROM unnest($3::uuid[]) p ON CONFLICT DO NOTHING`,
    [room, roles[list], principals, by],
  )
}

export type RoomEnd = { firstSeq: number; lastSeq: number; lastAt: Date | null; disabled: boolean; revision: number }

/** Under the room's lock. */
export async function readRoomEnd(tx: Connection, room: string): Promise<RoomEnd> {
  const { rows } = await tx.query<RoomEnd>(
    `SELECT first_seq AS "firstSeq", last_seq AS "lastSeq", disabled, revision, CASE WHEN last_at > '-infinity' THEN last_at END AS "lastAt"
       FROM room_head WHERE room = $1`,
    [room],
  )
  return rows[0]!
}

/**
 * The first of these places where the archive's message does not stand here, and what does: another one, or nothing, although the
 * room is past it. What was removed or replaced on either side is the same message; what a recorded clear took was there.
 */
export async function findOtherPlace(
  tx: Connection,
  room: string,
  messages: ArchivedMessage[],
): Promise<{ seq: number; isEmpty: boolean } | undefined> {
  if (messages.length === 0) return undefined
  const { rows } = await tx.query<{ seq: number; isEmpty: boolean }>(
    `WITH a AS (
       SELECT * FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::boolean[], $7::text[], $8::text[], $9::text[], $10::bigint[])
                AS t (seq, author, client_id, format, alert, title, text, file, revision)
     ), cleared AS (
       SELECT coalesce(max((detail->>'firstSeq')::bigint), 0) AS below FROM audit WHERE subject COLLATE "C" = $1::uuid::text AND action COLLATE "C" = 'room.clear'
     )
     SELECT a.seq, m.seq IS NULL AS "isEmpty" FROM a LEFT JOIN message m ON m.room = $1 AND m.seq = a.seq
      WHERE CASE WHEN m.seq IS NULL THEN a.seq >= (SELECT below FROM cleared)
                 ELSE m.author <> a.author OR m.client_id <> a.client_id
                   OR m.revision = 0 AND a.revision = 0 AND (m.format, m.alert, m.title, m.text, m.file->>'id')
                      IS DISTINCT FROM (a.format, a.alert, a.title, a.text, a.file) END
      ORDER BY a.seq LIMIT 1`,
    [
      room,
      messages.map(one => one.seq),
      messages.map(one => one.author),
      messages.map(one => one.clientId),
      messages.map(one => one.format),
      messages.map(one => one.alert),
      textArray(messages.map(one => one.title)),
      textArray(messages.map(one => one.text)),
      textArray(messages.map(one => one.file?.id ?? null)),
      messages.map(one => one.revision),
    ],
  )
  return rows[0]
}

/**
 * Nobody switches recording before the transaction ends; taken before categories and rooms. Answers whether it is on, read in a
 * statement of its own: the one that waited has the snapshot from before.
 */
export async function holdRecording(tx: Connection): Promise<boolean> {
  await tx.query('SELECT pg_advisory_xact_lock_shared(2, 0)')
  return (await readCompliance(tx)).recording
}

/** A room in which nothing was ever posted begins where the archive does. */
export async function beginArchived(tx: Connection, room: string, firstSeq: number): Promise<void> {
  await tx.query('UPDATE room_head SET first_seq = $2::bigint, last_seq = $2::bigint - 1 WHERE room = $1', [
    room,
    firstSeq,
  ])
}

/**
 * Adds messages behind the room's end and moves it there. `author` is an id of this store. The revision rises each time, above that
 * of the archive, so that clients load anew: whatever ends the import, it rose for what is in.
 */
export async function appendArchived(
  tx: Connection,
  room: string,
  messages: ArchivedMessage[],
  revision: number,
): Promise<void> {
  const last = messages.at(-1)!
  await tx.query(
    `INSERT INTO message (room, seq, author, client_id, at, format, alert, title, text, file, revision)
     SELECT $1, t.seq, t.author, t.client_id, t.at, t.format, t.alert, t.title, t.text, t.file::jsonb, t.revision
       FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::boolean[], $8::text[], $9::text[], $10::text[], $11::bigint[])
            AS t (seq, author, client_id, at, format, alert, title, text, file, revision)`,
    [
      room,
      messages.map(one => one.seq),
      messages.map(one => one.author),
      messages.map(one => one.clientId),
      messages.map(one => one.at),
      messages.map(one => one.format),
      messages.map(one => one.alert),
      textArray(messages.map(one => one.title)),
      textArray(messages.map(one => one.text)),
      textArray(messages.map(one => (one.file === null ? null : JSON.stringify(one.file)))),
      messages.map(one => one.revision),
    ],
  )
  await tx.query(
    `UPDATE room_head SET last_seq = $2, last_at = greatest(last_at, $3::timestamptz), revision = greatest(revision, $4) + 1
      WHERE room = $1`,
    [room, last.seq, last.at, revision],
  )
  // Who hears the room hears them as posts.
  await tx.query(
    "INSERT INTO change (kind, subject, from_seq, through_seq) SELECT kind, $1, $2, $3 FROM unnest('{post,history}'::text[]) AS kind",
    [room, messages[0]!.seq, last.seq],
  )
}

/** The room's end as the archive has it, behind the last message that was kept. */
export async function endArchived(tx: Connection, room: string, one: ArchivedRoom): Promise<void> {
  await tx.query(
    `UPDATE room_head SET last_seq = greatest(last_seq, $2), last_at = greatest(last_at, coalesce($3::timestamptz, last_at)),
            revision = greatest(revision, $4), disabled = $5, list_version = nextval('access_version') WHERE room = $1`,
    [room, one.lastSeq, one.lastAt, one.revision, one.disabled],
  )
  await tx.query(
    `INSERT INTO change (kind, subject, from_seq, through_seq)
     SELECT kind, room, last_seq, last_seq FROM room_head, unnest('{post,history,room}'::text[]) AS kind WHERE room = $1`,
    [room],
  )
}

/** A group of this store, and who of these is directly in it. */
export async function findGroup(
  q: Queryable,
  id: string,
  members: string[],
): Promise<{ name: string; kind: string; source: string; there: string[] } | undefined> {
  const { rows } = await q.query<{ name: string; kind: string; source: string; there: string[] }>(
    `SELECT name, kind, source, ARRAY(SELECT member FROM group_member WHERE grp = p.id AND member = ANY ($2::uuid[])) AS there
       FROM principal p WHERE id = $1`,
    [id, members],
  )
  return rows[0]
}

export type KnownPrincipal = {
  id: string
  nameKey: string
  kind: string
  displayName: string
  email: string | null
  parent: string | null
  source: string
}

/** Those of these names that there are; a domain that only came with its first user is none yet. */
export async function knownPrincipals(q: Queryable, nameKeys: string[]): Promise<Map<string, KnownPrincipal>> {
  const { rows } = await q.query<KnownPrincipal>(
    `SELECT id, name_key AS "nameKey", kind, display_name AS "displayName", email, parent, source FROM principal
      WHERE name_key = ANY ($1) AND NOT implicit`,
    [nameKeys],
  )
  return new Map(rows.map(row => [row.nameKey, row]))
}
