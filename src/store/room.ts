import type { Addin } from '../protocol/addin.ts'
import { roomUri } from '../protocol/ids.ts'
import type { InvitationSetting, Privacy, Room, RoomRole, RoomType } from '../protocol/room.ts'
import type { Queryable } from './db.ts'

export const roleNumber: Record<RoomRole, number> = { member: 0, manager: 1, presenter: 2 }

export type RoomRow = {
  id: string
  name: string
  description: string
  category: string
  category_name: string
  type: RoomType
  privacy: Privacy
  invitations: InvitationSetting
  all_members: boolean
  version: number
  disabled: boolean
  chat_history: boolean
  file_upload: boolean
  category_invitations: boolean
  category_version: number
  last_seq: number
  first_seq: number
  revision: number
  lock_key: number
  addin: Addin | null
}

/** Columns of RoomRow over `room r JOIN room_head h … JOIN category c …`. */
export const roomColumns = `r.id, r.name, r.description, h.category, c.name AS category_name, r.type, r.privacy, r.invitations,
  r.all_members, r.version, h.disabled, c.chat_history, c.file_upload, c.invitations AS category_invitations,
  c.version AS category_version,  h.last_seq, h.first_seq, h.revision, c.lock_key,
  CASE WHEN r.addin IS NOT NULL THEN (SELECT json_build_object('id', a.id, 'name', a.name, 'url', a.url) FROM addin a WHERE a.id = r.addin) END AS addin`
export const roomTables = 'room r JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category'

/** The room as the wire has it. The counters are content: they stand only for who may read. */
export function toRoom(row: RoomRow, domain: string, mayRead: boolean): Room {
  return {
    id: row.id,
    uri: roomUri(domain, row.id),
    name: row.name,
    description: row.description,
    category: row.category,
    categoryName: row.category_name,
    type: row.type,
    privacy: row.privacy,
    invitations: row.invitations,
    disabled: row.disabled,
    chatHistory: row.chat_history,
    fileUpload: row.file_upload,
    ...(row.addin ? { addin: row.addin } : {}),
    version: row.version,
    ...(mayRead ? { lastSeq: row.last_seq, firstSeq: row.first_seq, revision: row.revision } : {}),
  }
}

export async function findRooms(q: Queryable, ids: string[]): Promise<RoomRow[]> {
  const { rows } = await q.query<RoomRow>({
    name: 'rooms',
    text: `SELECT ${roomColumns} FROM ${roomTables} WHERE r.id = ANY ($1::uuid[]) AND r.deleted_at IS NULL`,
    values: [ids],
  })
  return rows
}

export async function findRoom(q: Queryable, id: string): Promise<RoomRow | undefined> {
  return (await findRooms(q, [id]))[0]
}

/** Locks the room row for this transaction, as every writer of the room does. False where the room is gone. */
export async function lockRoom(q: Queryable, id: string): Promise<boolean> {
  await q.query('SELECT FROM room_head WHERE room = $1 FOR NO KEY UPDATE', [id])
  // A statement of its own: the one that waited still has the snapshot from before.
  const { rowCount } = await q.query('SELECT FROM room WHERE id = $1 AND deleted_at IS NULL', [id])
  return rowCount === 1
}

export type RoomDraft = {
  category: string
  name: string
  nameKey: string
  description: string
  type: RoomType
  privacy: Privacy
  invitations: InvitationSetting
  allMembers: boolean
  addin?: string | null
  createdBy: string
}

export async function insertRoom(q: Queryable, draft: RoomDraft): Promise<string> {
  const { rows } = await q.query<{ id: string }>(
    `WITH made AS (
       INSERT INTO room (name, name_key, description, type, privacy, invitations, all_members, created_by, addin)
       VALUES ($2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id)
     INSERT INTO room_head (room, category) SELECT id, $1 FROM made RETURNING room AS id`,
    [
      draft.category,
      draft.name,
      draft.nameKey,
      draft.description,
      draft.type,
      draft.privacy,
      draft.invitations,
      draft.allMembers,
      draft.createdBy,
      draft.addin ?? null,
    ],
  )
  return rows[0]!.id
}

export type RoomChange = Partial<Omit<RoomDraft, 'category' | 'createdBy'>>

/** Writes what was edited and raises the version. Under the room's lock. */
export async function updateRoom(q: Queryable, room: string, change: RoomChange): Promise<void> {
  await q.query(
    `UPDATE room SET name = coalesce($2, name), name_key = coalesce($3, name_key), description = coalesce($4, description),
            type = coalesce($5, type), privacy = coalesce($6, privacy), invitations = coalesce($7, invitations),
            all_members = coalesce($8, all_members), addin = CASE WHEN $9 THEN $10::uuid ELSE addin END, version = version + 1
      WHERE id = $1`,
    [
      room,
      change.name,
      change.nameKey,
      change.description,
      change.type,
      change.privacy,
      change.invitations,
      change.allMembers,
      change.addin !== undefined,
      change.addin ?? null,
    ],
  )
}

/** Raises the version that stands in access stamps, and what else of the head changed access. Under the room's lock. */
export async function raiseRoomAccess(
  q: Queryable,
  room: string,
  change: { category?: string; disabled?: boolean } = {},
): Promise<void> {
  await q.query(
    `UPDATE room_head SET list_version = nextval('access_version'), category = coalesce($2, category), disabled = coalesce($3, disabled)
      WHERE room = $1`,
    [room, change.category, change.disabled],
  )
  await q.query("INSERT INTO change (kind, subject) VALUES ('room', $1)", [room])
}

/** Tells hubs that missed the bus of an edit that leaves rights alone. */
export async function noteRoomEdit(q: Queryable, room: string): Promise<void> {
  await q.query("INSERT INTO change (kind, subject) VALUES ('room', $1)", [room])
}

/** Gone for everybody at once, whatever its size; rows follow in slices (store/purge). Under the room's lock. */
export async function markRoomDeleted(q: Queryable, room: string): Promise<void> {
  await q.query('UPDATE room SET deleted_at = clock_timestamp(), version = version + 1 WHERE id = $1', [room])
  await q.query("UPDATE room_head SET list_version = nextval('access_version') WHERE room = $1", [room])
  await q.query('DELETE FROM taken_name WHERE owner = $1', [room])
  await q.query('INSERT INTO purge (room, through_seq, whole) VALUES ($1, 0, true) ON CONFLICT DO NOTHING', [room])
  await q.query("INSERT INTO change (kind, subject) VALUES ('room', $1)", [room])
}

/**
 * Takes a name in the one space of rooms and categories; the owner's earlier name becomes free.
 * Where another has it the store's unique violation is thrown (isUniqueViolation), and the transaction is lost.
 */
export async function takeName(q: Queryable, nameKey: string, owner: string): Promise<void> {
  await q.query(
    'INSERT INTO taken_name (name_key, owner) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET name_key = excluded.name_key',
    [nameKey, owner],
  )
}
