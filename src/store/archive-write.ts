import type { ArchivedCategory, ArchivedMessage, ArchivedRoom } from './archive-read.ts'
import { textArray } from './array.ts'
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

/** As insertArchivedCategory. It is disabled until its content is in, so that nobody hears half of it. */
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
       SELECT CASE WHEN EXISTS (SELECT FROM room WHERE id = $1) OR EXISTS (SELECT FROM message WHERE room = $1 LIMIT 1)
                   THEN gen_random_uuid() ELSE $1::uuid END, $2, $3, $4, $5, $6, $7, $8::boolean, $9::timestamptz, $10::uuid RETURNING id)
     INSERT INTO room_head (room, category, disabled, first_seq, last_seq)
     SELECT id, $11::uuid, true, $12::bigint, $12::bigint - 1 FROM made RETURNING room AS id`,
    [
      ...[one.id, one.name, nameKey, one.description, one.type, one.privacy, one.invitations, one.allMembers],
      ...[one.createdAt, createdBy, category, one.firstSeq],
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

/** Of these places those that hold another message than the archive's: of another author, or under another client id. */
export async function otherPlaces(tx: Connection, room: string, messages: ArchivedMessage[]): Promise<number[]> {
  const { rows } = await tx.query<{ seq: number }>(
    `SELECT m.seq FROM unnest($2::bigint[], $3::uuid[], $4::uuid[]) AS a (seq, author, client_id)
       JOIN message m ON m.room = $1 AND m.seq = a.seq WHERE m.author <> a.author OR m.client_id <> a.client_id ORDER BY m.seq`,
    [room, messages.map(one => one.seq), messages.map(one => one.author), messages.map(one => one.clientId)],
  )
  return rows.map(row => row.seq)
}

/** Adds messages behind the room's end and moves it there. `author` is an id of this store. */
export async function appendArchived(tx: Connection, room: string, messages: ArchivedMessage[]): Promise<void> {
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
  await tx.query('UPDATE room_head SET last_seq = $2, last_at = greatest(last_at, $3::timestamptz) WHERE room = $1', [
    room,
    last.seq,
    last.at,
  ])
  // Who hears the room hears them as posts.
  await tx.query("INSERT INTO change (kind, subject, from_seq, through_seq) VALUES ('post', $1, $2, $3)", [
    room,
    messages[0]!.seq,
    last.seq,
  ])
}

/** The room's end as the archive has it, behind the last message that was kept; its revision rises, so that clients load anew. */
export async function endArchived(tx: Connection, room: string, one: ArchivedRoom): Promise<void> {
  await tx.query(
    `UPDATE room_head SET last_seq = greatest(last_seq, $2), last_at = greatest(last_at, coalesce($3::timestamptz, last_at)),
            revision = greatest(revision, $4) + 1, disabled = $5, list_version = nextval('access_version') WHERE room = $1`,
    [room, one.lastSeq, one.lastAt, one.revision, one.disabled],
  )
  await tx.query(
    `INSERT INTO change (kind, subject, from_seq, through_seq)
     SELECT kind, room, last_seq, last_seq FROM room_head, unnest('{post,history,room}'::text[]) AS kind WHERE room = $1`,
    [room],
  )
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
