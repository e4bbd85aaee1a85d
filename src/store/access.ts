import type { CategoryFacts, PersonFacts, RoomFacts } from '../domain/access.ts'
import { operator } from '../domain/operator.ts'
import type { Stamp } from '../domain/stamp.ts'
import type { AdministrationRole } from '../protocol/role.ts'
import type { Privacy, RoomType } from '../protocol/room.ts'
import { helpDeskSql, managesSql, rolesSql } from './administration.ts'
import type { Queryable } from './db.ts'
import { enabledSql, siteParameter } from './policy.ts'

/** Everything that a decision about one user and one room needs, with the stamp under which it was read. */
export type Access = {
  user: string
  room: string
  category: string
  person: PersonFacts
  scope: CategoryFacts
  facts: RoomFacts
  stamp: Stamp
}

type AccessRow = {
  usr: string
  room: string
  category: string
  administrator: boolean
  help_desk: boolean
  account_disabled: boolean
  enabled: boolean
  allowed: boolean
  denied: boolean
  creator: boolean
  privacy: Privacy
  type: RoomType
  disabled: boolean
  all_members: boolean
  member: boolean
  manager: boolean
  presenter: boolean
  list_version: number
  scope_version: number
  directory: number
  settings: number
}

/** Whoever has the store itself: an administrator who belongs to nothing, so that no list and no scope has him. */
const operatorSql = `(SELECT '${operator.id}'::uuid AS id, true AS administrator, false AS disabled)`
const personTable = (user: string) => (user === operator.id ? operatorSql : 'principal')

/**
 * Facts for pairs of user and room, in one statement, so that all parts are of one snapshot. Pairs whose room or user does
 * not exist are missing from the answer. Key of the map: `user/room`.
 */
export async function readAccess(
  q: Queryable,
  pairs: { user: string; room: string }[],
  site: string | undefined,
): Promise<Map<string, Access>> {
  // The operator asks alone.
  const person = personTable(pairs[0]?.user ?? '')
  const { rows } = await q.query<AccessRow>({
    name: person === 'principal' ? 'access' : 'access-operator',
    text: `
    SELECT i.usr, r.id AS room, h.category, ${managesSql} AS administrator, ${helpDeskSql} AS help_desk, p.disabled AS account_disabled,
           ${enabledSql('i.usr', '$3')} AS enabled,
           s.allowed, s.denied, s.creator, r.privacy, r.type, h.disabled, r.all_members, e.member, e.manager, e.presenter,
           h.list_version, c.scope_version,
           (SELECT version FROM stamp WHERE kind = 'directory') AS directory,
           (SELECT version FROM stamp WHERE kind = 'settings') AS settings
      FROM unnest($1::uuid[], $2::uuid[]) AS i (usr, room)
      JOIN ${person} p ON p.id = i.usr
      JOIN room r ON r.id = i.room AND r.deleted_at IS NULL
      JOIN room_head h ON h.room = r.id
      JOIN category c ON c.id = h.category
     CROSS JOIN LATERAL (
           SELECT coalesce(bool_or(NOT s.denied), false) AS allowed, coalesce(bool_or(s.denied), false) AS denied,
                  EXISTS (SELECT FROM affiliation a JOIN category_creator k ON k.principal = a.ancestor
                           WHERE a.member = i.usr AND k.category = c.id) AS creator
             FROM affiliation a JOIN category_scope s ON s.principal = a.ancestor AND s.category = c.id
            WHERE a.member = i.usr) s
     CROSS JOIN LATERAL (
           SELECT coalesce(bool_or(e.role = 0), false) AS member, coalesce(bool_or(e.role = 1), false) AS manager,
                  coalesce(bool_or(e.role = 2), false) AS presenter
             FROM affiliation a JOIN room_entry e ON e.room = r.id AND e.principal = a.ancestor
            WHERE a.member = i.usr) e`,
    values: [pairs.map(pair => pair.user), pairs.map(pair => pair.room), siteParameter(site)],
  })
  return new Map(rows.map(row => [`${row.usr}/${row.room}`, toAccess(row)]))
}

function toAccess(row: AccessRow): Access {
  return {
    user: row.usr,
    room: row.room,
    category: row.category,
    person: {
      administrator: row.administrator,
      helpDesk: row.help_desk,
      enabled: row.enabled,
      disabled: row.account_disabled,
    },
    scope: { allowed: row.allowed, denied: row.denied, creator: row.creator },
    facts: {
      privacy: row.privacy,
      type: row.type,
      disabled: row.disabled,
      allMembers: row.all_members,
      memberEntry: row.member,
      managerEntry: row.manager,
      presenterEntry: row.presenter,
    },
    stamp: { room: row.list_version, scope: row.scope_version, directory: row.directory, settings: row.settings },
  }
}

/** Where a room stands: under which stamp, how far it goes, and the versions of what it shows. */
export type Versions = {
  category: string
  lastSeq: number
  revision: number
  stamp: Stamp
  shown: { room: number; category: number }
}

/** Of many rooms at once; those that are gone are missing. */
export async function readVersions(q: Queryable, ids: string[]): Promise<Map<string, Versions>> {
  const { rows } = await q.query<
    {
      id: string
      category: string
      last_seq: number
      revision: number
      version: number
      category_version: number
    } & Stamp
  >({
    name: 'stamp',
    text: `SELECT h.room AS id, h.category, h.last_seq, h.revision, r.version, c.version AS category_version,
                  h.list_version AS room, c.scope_version AS scope,
                  (SELECT version FROM stamp WHERE kind = 'directory') AS directory, (SELECT version FROM stamp WHERE kind = 'settings') AS settings
             FROM room_head h JOIN category c ON c.id = h.category JOIN room r ON r.id = h.room
            WHERE h.room = ANY ($1::uuid[]) AND r.deleted_at IS NULL`,
    values: [ids],
  })
  return new Map(
    rows.map(({ id, category, last_seq, revision, version, category_version, ...stamp }) => [
      id,
      { category, lastSeq: last_seq, revision, stamp, shown: { room: version, category: category_version } },
    ]),
  )
}

/** The stamp of a room as it stands now; undefined where the room is gone. */
export async function readStamp(q: Queryable, room: string): Promise<Stamp | undefined> {
  return (await readVersions(q, [room])).get(room)?.stamp
}

export type CategoryAccess = { person: PersonFacts; scope: CategoryFacts }

/** Facts of one user about categories (all where `categories` is null). */
export async function readCategoryAccess(
  q: Queryable,
  user: string,
  categories: string[] | null,
  site: string | undefined,
): Promise<Map<string, CategoryAccess>> {
  const { rows } = await q.query<{ id: string; allowed: boolean; denied: boolean; creator: boolean } & PersonFacts>(
    `SELECT c.id, ${managesSql} AS administrator, ${helpDeskSql} AS "helpDesk", p.disabled, ${enabledSql('p.id', '$3')} AS enabled, s.allowed, s.denied, s.creator
       FROM ${personTable(user)} p CROSS JOIN category c
      CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(NOT s.denied), false) AS allowed, coalesce(bool_or(s.denied), false) AS denied,
                   EXISTS (SELECT FROM affiliation a JOIN category_creator k ON k.principal = a.ancestor
                            WHERE a.member = p.id AND k.category = c.id) AS creator
              FROM affiliation a JOIN category_scope s ON s.principal = a.ancestor AND s.category = c.id
             WHERE a.member = p.id) s
      WHERE p.id = $1 AND ($2::uuid[] IS NULL OR c.id = ANY ($2))`,
    [user, categories, siteParameter(site)],
  )
  return new Map(
    rows.map(row => [
      row.id,
      {
        person: {
          administrator: row.administrator,
          helpDesk: row.helpDesk,
          enabled: row.enabled,
          disabled: row.disabled,
        },
        scope: { allowed: row.allowed, denied: row.denied, creator: row.creator },
      },
    ]),
  )
}

/** What somebody is, whatever the room, and which roles of administration he holds. */
export type CallerFacts = PersonFacts & { roles: AdministrationRole[] }

/** Person facts alone, for verbs that concern no room. Undefined where the user does not exist. */
export async function readPerson(
  q: Queryable,
  user: string,
  site: string | undefined,
): Promise<CallerFacts | undefined> {
  const { rows } = await q.query<Omit<CallerFacts, 'administrator' | 'helpDesk'>>({
    name: user === operator.id ? 'person-operator' : 'person',
    text: `SELECT ${rolesSql} AS roles, p.disabled, ${enabledSql('p.id', '$2')} AS enabled FROM ${personTable(user)} p WHERE p.id = $1`,
    values: [user, siteParameter(site)],
  })
  const row = rows[0]
  if (!row) return undefined
  const { roles } = row
  const administrator = roles.includes('administrator') || roles.includes('chatAdministrator')
  return { ...row, administrator, helpDesk: roles.includes('helpDesk') }
}

/**
 * The same rules as a WITH list and conditions, for statements that read many rooms at once. The scope is looked up once a
 * user, never once a room: that was seen to be 4 to 14 times dearer. A test compares them with domain/access over random states.
 * They stand for an enabled user's rights: the caller has asked readPerson, or the statement has `enabled` in it.
 */
export function meSql(user: string): string {
  return `me AS MATERIALIZED (SELECT ancestor FROM affiliation WHERE member = ${user}),
  allowed AS MATERIALIZED (SELECT s.category FROM me JOIN category_scope s ON s.principal = me.ancestor GROUP BY 1 HAVING NOT bool_or(s.denied))`
}

/** Over `room r` and `room_head h`, with meSql before them. */
export const inScopeSql = 'h.category IN (SELECT category FROM allowed)'
const entrySql = (role: 0 | 1 | 2) =>
  `EXISTS (SELECT FROM room_entry e JOIN me ON e.principal = me.ancestor WHERE e.room = r.id AND e.role = ${role})`

/** isMember of domain/access, over `room r`. */
export const memberSql = (inScope: string, entry: string) =>
  `(${inScope} AND (r.privacy = 'open' OR r.all_members OR ${entry}))`
export const isMemberSql = memberSql(inScopeSql, entrySql(0))
export const isManagerSql = `(${inScopeSql} AND ${entrySql(1)})`
/** maySee for someone who neither manages Persistent Chat nor is of the help desk. */
export const maySeeSql = `(${inScopeSql} AND (r.privacy <> 'secret' OR r.all_members OR ${entrySql(0)} OR ${entrySql(1)}))`
