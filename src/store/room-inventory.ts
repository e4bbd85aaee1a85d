import type { InvitationSetting, Privacy, RoomType } from '../protocol/room.ts'
import { type Db, planForValues, transaction } from './db.ts'
import { type RoomRow, roleNumber, roomColumns, roomTables } from './room.ts'
import { isUncountedSql } from './room-size.ts'
import { foldedSql } from './sync.ts'
import { wildcardPattern } from './wildcard.ts'

export type InventoryFilter = {
  filter?: string | undefined
  searchDescription?: boolean | undefined
  category?: string | undefined
  /** Ids of principals: rooms on whose list they stand, or a group, unit or domain that they are in. */
  member?: string | undefined
  manager?: string | undefined
  disabled?: boolean | undefined
  privacy?: Privacy | undefined
  type?: RoomType | undefined
  invitations?: InvitationSetting | undefined
  contentExceedsBytes?: number | undefined
}

export type InventoryRow = RoomRow & {
  name_key: string
  messages: number
  content_bytes: number
  members: number
  managers: number
  presenters: number
  uncounted: boolean
}

const filesSql = "(SELECT coalesce(sum(f.size), 0)::bigint FROM file f WHERE f.room = r.id AND f.state <> 'removed')"
const countSql = (role: number) => `(SELECT count(*) FROM room_entry e WHERE e.room = found.id AND e.role = ${role})`
const standsSql = (principal: string, role: number) =>
  `r.id IN (SELECT e.room FROM affiliation a JOIN room_entry e ON e.principal = a.ancestor WHERE a.member = ${principal}::uuid AND e.role = ${role})`

/** All rooms that fit, in order of name, whoever may see them: for administrators. */
export function listInventory(
  db: Db,
  wanted: InventoryFilter,
  page: { limit: number; after: { nameKey: string; id: string } | undefined },
): Promise<InventoryRow[]> {
  const values: unknown[] = []
  const bind = (value: unknown) => `$${values.push(value)}`
  const conditions = conditionsOf(wanted, bind)
  if (page.after) conditions.push(`(r.name_key, r.id) > (${bind(page.after.nameKey)}, ${bind(page.after.id)}::uuid)`)
  const text = `
    SELECT found.*, ${countSql(roleNumber.member)} AS members, ${countSql(roleNumber.manager)} AS managers,
           ${countSql(roleNumber.presenter)} AS presenters
      FROM (SELECT ${roomColumns}, r.name_key, coalesce(s.messages, 0) AS messages, coalesce(s.bytes, 0) + ${filesSql} AS content_bytes,
                   ${isUncountedSql} AS uncounted
              FROM ${roomTables} LEFT JOIN room_size s ON s.room = r.id
             WHERE ${['r.deleted_at IS NULL', ...conditions].join(' AND ')}
             ORDER BY r.name_key, r.id LIMIT ${bind(page.limit)}) found`
  return transaction(db, async tx => {
    await planForValues(tx)
    return (await tx.query<InventoryRow>(text, values)).rows
  })
}

function conditionsOf(wanted: InventoryFilter, bind: (value: unknown) => string): string[] {
  const conditions: string[] = []
  const { filter, category, member, manager, disabled, privacy, type, invitations, contentExceedsBytes } = wanted
  if (filter !== undefined) {
    const pattern = bind(wildcardPattern(filter))
    const described = wanted.searchDescription ? ` OR ${foldedSql('r.description')} LIKE ${pattern}` : ''
    conditions.push(`(r.name_key LIKE ${pattern}${described})`)
  }
  if (category !== undefined) conditions.push(`h.category = ${bind(category)}`)
  if (member !== undefined) conditions.push(standsSql(bind(member), roleNumber.member))
  if (manager !== undefined) conditions.push(standsSql(bind(manager), roleNumber.manager))
  if (disabled !== undefined) conditions.push(`h.disabled = ${bind(disabled)}`)
  if (privacy !== undefined) conditions.push(`r.privacy = ${bind(privacy)}`)
  if (type !== undefined) conditions.push(`r.type = ${bind(type)}`)
  if (invitations !== undefined) conditions.push(`r.invitations = ${bind(invitations)}`)
  if (contentExceedsBytes !== undefined)
    conditions.push(`coalesce(s.bytes, 0) + ${filesSql} > ${bind(contentExceedsBytes)}::bigint`)
  return conditions
}
