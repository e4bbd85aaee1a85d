import type { PersonFacts } from '../domain/access.ts'
import type { Principal } from '../protocol/principal.ts'
import { inScopeSql, isManagerSql, isMemberSql, maySeeSql, memberSql, meSql } from './access.ts'
import { helpDeskSql, managesSql } from './administration.ts'
import type { Queryable } from './db.ts'
import { enabledSql, siteParameter } from './policy.ts'
import { type RoomRow, roomColumns } from './room.ts'

export type AskedRoom = {
  room: string
  seq?: number | undefined
  revision?: number | undefined
  version?: number | undefined
}

/** `id` and all that follows from it is null where the room is gone. */
export type SyncedRow = Omit<RoomRow, 'id'> & {
  id: string | null
  wanted: string
  followed: boolean
  read_seq: number
  seq: number | null
  since_revision: number | null
  since_version: number | null
  in_scope: boolean
  member_entry: boolean
  manager_entry: boolean
  list_version: number
  scope_version: number
  /** Null where nothing was; `text` null where removed. One more than maxChanged says "too many". */
  changed: { seq: number; text: string | null }[] | null
  messages: SyncedMessage[] | null
}
/** As json_build_object has it below: already the wire's shape, `text` null where removed. */
export type SyncedMessage = { seq: number; at: string; text: string | null; [more: string]: unknown }
export type InvitationRow = RoomRow & { by: Principal | null; at: string }

export type Synced = {
  /** Undefined where the user does not exist. */
  person: PersonFacts | undefined
  directory: number
  settings: number
  /** Newest first; those that are gone last. */
  rooms: SyncedRow[]
  invitations: InvitationRow[]
}
type HeadRow = {
  administrator: boolean | null
  help_desk: boolean
  account_disabled: boolean
  enabled: boolean
  directory: number
  settings: number
  invited: InvitationRow[] | null
}
const maxMessageBytes = 1024 * 1024
export const maxChanged = 100
const maxInvitations = 200

/**
 * The rooms followed and asked for, each with the user's rights in it, and one row for the person alone, whose room is null. A
 * single walk with no step of it kept: the more steps a statement has, the more it costs before it begins.
 */
const seenSql = `
    asked AS (SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) AS t (room, seq, revision, version)),
    own AS (SELECT room, followed, read_seq FROM room_user WHERE member = $1 AND (followed OR room = ANY ($2))),
    want AS (
      SELECT coalesce(a.room, o.room) AS wanted, coalesce(o.followed, false) AS followed, coalesce(o.read_seq, 0) AS read_seq,
             a.seq, a.revision AS since_revision, a.version AS since_version
        FROM own o FULL JOIN asked a USING (room)
       UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL),
    listed AS (
      SELECT w.*, ${roomColumns}, h.last_at, h.list_version, c.scope_version, ${inScopeSql} AS in_scope,
             w.wanted IN (SELECT room FROM mine WHERE role = 0) AS member_entry,
             w.wanted IN (SELECT room FROM mine WHERE role = 1) AS manager_entry
        FROM want w
        LEFT JOIN (room r JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category) ON r.id = w.wanted AND r.deleted_at IS NULL),
    seen AS (SELECT r.*, ${memberSql('r.in_scope', 'r.member_entry')} AND NOT r.disabled AS readable FROM listed r)`

/** As JSON: a row and a dozen columns each would cost the driver more than this costs the store. */
const missedSql = `
    missed AS (
      SELECT s.wanted, s.last_at, m.seq, json_build_object(
               'seq', m.seq, 'at', to_char(m.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'text', m.text, 'format', m.format,
               'clientId', m.client_id, 'alert', m.alert, 'title', m.title, 'file', m.file, 'replaced', m.changed_by > 0,
               'author', json_build_object('id', a.id, 'kind', a.kind, 'name', a.name, 'displayName', a.display_name)) AS message
        FROM seen s CROSS JOIN LATERAL (
             SELECT m.seq, m.at, m.author, m.client_id, m.format, m.alert, m.title, m.text, m.file, m.revision AS changed_by FROM message m
              WHERE m.room = s.wanted AND m.seq > greatest(s.seq, s.first_seq - 1) AND m.seq <= s.last_seq
              ORDER BY m.seq DESC LIMIT $7) m
        JOIN principal a ON a.id = m.author
       WHERE s.seq < s.last_seq AND s.chat_history AND s.readable),
    packed AS (
      SELECT m.wanted, json_agg(m.message ORDER BY m.seq) AS messages
        FROM (SELECT wanted, seq, message, sum(octet_length(message::text)) OVER (ORDER BY last_at DESC, wanted, seq DESC) AS total FROM missed) m
       WHERE m.total <= ${maxMessageBytes} GROUP BY m.wanted)`

/** Over `seen s`. */
const changedSql = `
           CASE WHEN s.readable AND s.seq <= s.last_seq AND s.revision > coalesce(s.since_revision, 0) THEN (
             SELECT coalesce(json_agg(json_build_object('seq', m.seq, 'text', m.text) ORDER BY m.seq), '[]')
               FROM (SELECT m.seq, m.text FROM message m
                      WHERE m.room = s.wanted AND m.revision > coalesce(s.since_revision, 0) AND m.revision > 0 AND m.seq >= s.first_seq
                      ORDER BY m.seq LIMIT ${maxChanged + 1}) m) END`

/**
 * Rooms that invited the user: a member entry of his or of a group of his, made while the room sent invitations, which he has
 * neither followed nor dismissed since. Derived from entries: a group of thousands costs one row. Who stands on the list is
 * a member where he is in scope.
 */
const invitationSql = `
    invited AS (
      SELECT room, max(added_at) AS at, (array_agg(added_by ORDER BY added_at DESC))[1] AS by
        FROM mine WHERE role = 0 AND invited GROUP BY room),
    invitation AS (
      SELECT ${roomColumns}, i.at, CASE WHEN b.id IS NOT NULL THEN
             json_build_object('id', b.id, 'kind', b.kind, 'name', b.name, 'displayName', b.display_name) END AS by
        FROM invited i JOIN room r ON r.id = i.room AND r.deleted_at IS NULL JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category
        LEFT JOIN room_user u ON u.member = $1 AND u.room = i.room LEFT JOIN principal b ON b.id = i.by
       WHERE NOT h.disabled AND ${inScopeSql} AND c.invitations AND r.invitations = 'inherit' AND i.by IS DISTINCT FROM $1
         AND NOT coalesce(u.followed, false) AND (u.dismissed_at IS NULL OR u.dismissed_at < i.at)
       ORDER BY i.at DESC LIMIT ${maxInvitations})`

/** Over `seen s`: what SyncedRow has of the room, and of the person in the row that has no room. */
const roomRowSql = `s.wanted, s.followed, s.read_seq, s.seq, s.since_revision, s.since_version, s.id, s.name, s.description, s.category, s.category_name,
           s.type, s.privacy, s.invitations, s.all_members, s.version, s.disabled, s.chat_history, s.file_upload, s.category_invitations,
           s.category_version, s.last_seq, s.first_seq, s.revision, s.lock_key, s.addin, s.list_version, s.scope_version, s.in_scope, s.member_entry, s.manager_entry,
           CASE WHEN s.wanted IS NULL THEN (SELECT json_build_object(
             'administrator', CASE WHEN p.id IS NOT NULL THEN ${managesSql} END, 'help_desk', ${helpDeskSql}, 'account_disabled', p.disabled, 'enabled', ${enabledSql('p.id', '$6')},
             'directory', (SELECT version FROM stamp WHERE kind = 'directory'), 'settings', (SELECT version FROM stamp WHERE kind = 'settings'),
             'invited', (SELECT json_agg(i ORDER BY i.at DESC) FROM invitation i))
              FROM (SELECT) one LEFT JOIN principal p ON p.id = $1) END AS head`

const beginSql = `
    WITH ${meSql('$1')},
    -- By the person, not by the room: lists of thousands are seen to cost eight times as much from the room's side. One scan for
    -- all that he belongs to: one scan each costs a third more.
    mine AS MATERIALIZED (
      SELECT e.room, e.role, e.invited, e.added_at, e.added_by FROM room_entry e
       WHERE e.principal = ANY (ARRAY(SELECT ancestor FROM me)) AND e.role IN (0, 1)),
    ${invitationSql}, ${seenSql}`

/** For who brings no `seq`, as everybody does in the morning: without the steps for messages it is a fifth cheaper. */
const countsSql = `${beginSql}
    SELECT ${roomRowSql}, NULL AS messages, NULL AS changed FROM seen s ORDER BY s.last_at DESC NULLS LAST`

const fullSql = `${beginSql}, ${missedSql}
    SELECT ${roomRowSql}, k.messages, ${changedSql} AS changed
      FROM seen s LEFT JOIN packed k ON k.wanted = s.wanted ORDER BY s.last_at DESC NULLS LAST`

/**
 * All that session.sync needs, in one statement and so of one snapshot: the user's allowed categories and entries once, rooms
 * by them, missed messages by LATERAL. The newest rooms' messages come first until 1 MiB is full; what does not fit is left
 * out, newest kept.
 */
export async function readSync(
  q: Queryable,
  user: string,
  asked: AskedRoom[],
  options: { history: number; site: string | undefined; withSeq: boolean },
): Promise<Synced> {
  const isFull = options.withSeq && asked.some(room => room.seq !== undefined)
  const { rows } = await q.query<(SyncedRow & { head: null }) | { wanted: null; head: HeadRow }>({
    name: isFull ? 'sync' : 'sync-counts',
    text: isFull ? fullSql : countsSql,
    values: [
      user,
      asked.map(a => a.room),
      asked.map(a => a.seq ?? null),
      asked.map(a => a.revision ?? null),
      asked.map(a => a.version ?? null),
      siteParameter(options.site),
      ...(isFull ? [options.history] : []),
    ],
  })
  const { head } = rows.find(row => row.wanted === null) as { head: HeadRow }
  return {
    person: toPerson(head),
    directory: head.directory,
    settings: head.settings,
    rooms: rows.filter(row => row.wanted !== null),
    invitations: head.invited ?? [],
  }
}

function toPerson({ administrator, help_desk, account_disabled, enabled }: HeadRow): PersonFacts | undefined {
  if (administrator === null) return undefined
  return { administrator, helpDesk: help_desk, disabled: account_disabled, enabled }
}

export type FindOptions = {
  user: string
  /** He may know of every room. */
  seesAll: boolean
  nameKey: string | undefined
  searchDescription: boolean
  category: string | undefined
  mine: 'member' | 'manager' | undefined
  limit: number
  after: { nameKey: string; id: string } | undefined
}

/** As nameKey folds: what lower case leaves apart is made one. */
export const foldedSql = (text: string) => `replace(replace(lower(normalize(${text}, NFC)), 'ß', 'ss'), 'ς', 'σ')`

/** The directory: what the user may know of, in order of name. Disabled rooms are found only by who may manage them. */
export async function findDirectory(
  q: Queryable,
  options: FindOptions,
): Promise<(RoomRow & { name_key: string; is_member: boolean })[]> {
  const { rows } = await q.query<RoomRow & { name_key: string; is_member: boolean }>({
    name: 'room-find',
    text: `
    WITH ${meSql('$1')}
    SELECT ${roomColumns}, r.name_key, ${isMemberSql} AS is_member
      FROM room r JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category
     WHERE r.deleted_at IS NULL AND ($2 OR ${maySeeSql}) AND (NOT h.disabled OR $2 OR ${isManagerSql})
       AND ($3::text IS NULL OR position($3 IN r.name_key) > 0 OR ($4 AND position($3 IN ${foldedSql('r.description')}) > 0))
       AND ($5::uuid IS NULL OR h.category = $5)
       AND (r.name_key, r.id) > ($6, $7::uuid)
       AND ($8::text IS NULL OR CASE $8 WHEN 'member' THEN ${isMemberSql} ELSE ${isManagerSql} END)
     ORDER BY r.name_key, r.id LIMIT $9`,
    values: [
      options.user,
      options.seesAll,
      options.nameKey ?? null,
      options.searchDescription,
      options.category ?? null,
      options.after?.nameKey ?? '',
      options.after?.id ?? '00000000-0000-0000-0000-000000000000',
      options.mine ?? null,
      options.limit,
    ],
  })
  return rows
}
