import type { ScimClient } from '../directory/scim-config.ts'
import {
  type Json,
  patchGroup,
  readGroup,
  ScimFault,
  type ScimFilter,
  type ScimGroup,
  schemaIds,
} from '../directory/scim-resource.ts'
import { Refusal } from '../protocol/error.ts'
import { uuidPattern } from '../protocol/ids.ts'
import { changeGroup, reflattenUnits } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import type { Connection, Queryable } from '../store/db.ts'
import { holderOfName } from '../store/external.ts'
import { insertPrincipal } from '../store/principal.ts'
import {
  findScimByExternalId,
  listScim,
  ofSource,
  putScim,
  renameGroup,
  type ScimRow,
  scimGroupsOf,
  scimMembers,
  setAdministrators,
  setGone,
} from '../store/scim.ts'
import type { Chat } from './chat.ts'
import { externalGroup } from './external.ts'
import {
  externalIdOf,
  findScim,
  isTaken,
  lookOf,
  resourceOf,
  type ScimPage,
  type ScimSlice,
  transacted,
  type Written,
} from './scim.ts'

/** Groups as a provider pushes them by SCIM 2.0. Their members are users and groups of the same source, and of no other. */

const uuid = new RegExp(uuidPattern)

async function groupResource(q: Queryable, client: ScimClient, row: ScimRow, withMembers: boolean): Promise<Json> {
  const members = withMembers ? await scimMembers(q, client.name, row.id) : undefined
  return resourceOf(
    row,
    {
      schemas: row.body.schemas ?? [schemaIds.group],
      displayName: row.displayName,
      ...(members && {
        members: members.map(({ id, kind, displayName }) => ({
          value: id,
          display: displayName,
          type: kind === 'user' ? 'User' : 'Group',
        })),
      }),
    },
    'Group',
  )
}

export async function listGroups(
  chat: Chat,
  client: ScimClient,
  filter: ScimFilter,
  slice: ScimSlice & { withMembers: boolean },
): Promise<ScimPage> {
  if (filter.userName !== undefined || filter.active !== undefined)
    throw new ScimFault(400, 'invalidFilter', 'A group has neither userName nor active.')
  const { isNobody, look } = lookOf(filter, undefined)
  if (isNobody) return { total: 0, resources: [] }
  const { rows, total } = await listScim(chat.db, client.name, 'group', look, slice)
  const resources = await Promise.all(rows.map(row => groupResource(chat.db, client, row, slice.withMembers)))
  return { total, resources }
}

export async function getGroup(chat: Chat, client: ScimClient, id: string, withMembers = true): Promise<Json> {
  return groupResource(chat.db, client, await findScim(chat.db, client, 'group', id), withMembers)
}

export async function createGroup(chat: Chat, client: ScimClient, input: unknown): Promise<Json> {
  const group = readGroup(input)
  return written(chat, client, async tx => {
    const known = group.externalId && (await findScimByExternalId(tx, client.name, 'group', group.externalId))
    if (known && !known.gone) throw isTaken('externalId')
    const { name, displayName } = nameOf(client, group)
    if (known) return changeMembers(tx, client, await renamed(tx, client, known, group), group)
    const made = (await insertPrincipal(tx, { kind: 'group', name, displayName })) ?? (await revived(tx, client, name))
    if (made === undefined) throw isTaken('displayName')
    await reflattenUnits(tx, [made.id])
    const { id } = made
    await putScim(tx, id, { source: client.name, externalId: externalIdOf(group.externalId, id), body: group.body })
    await audit(tx, null, 'principal.create', id, { kind: 'group', name, source: client.name })
    return changeMembers(tx, client, id, group)
  })
}

/** A group that was deleted there keeps its row, since scopes and rooms may name it: one of the same name takes its place. */
async function revived(tx: Connection, client: ScimClient, name: string): Promise<{ id: string } | undefined> {
  const holder = await holderOfName(tx, name)
  return holder?.kind === 'group' && holder.source === client.name && holder.gone ? holder : undefined
}

export function replaceGroup(chat: Chat, client: ScimClient, id: string, input: unknown): Promise<Json> {
  const group = readGroup(input)
  return written(chat, client, async tx => {
    const before = await findScim(tx, client, 'group', id)
    return changeMembers(tx, client, await renamed(tx, client, before, group), group)
  })
}

export function modifyGroup(chat: Chat, client: ScimClient, id: string, patch: unknown): Promise<Json> {
  return written(chat, client, async tx => {
    const before = await findScim(tx, client, 'group', id)
    const group = await patchGroup(await groupResource(tx, client, before, true), patch)
    if (!group) return { id: before.id, changed: [], ended: [] }
    return changeMembers(tx, client, await renamed(tx, client, before, group), group)
  })
}

/**
 * Nobody is in it any more, and it is in no group of its source; the row stays, so that scopes that name it let nobody else in. One
 * of its name that comes later is where it is put, and not where this one was.
 */
export async function deleteGroup(chat: Chat, client: ScimClient, id: string): Promise<void> {
  await transacted(chat, async tx => {
    const before = await findScim(tx, client, 'group', id)
    const changed = await setMembers(tx, client, before.id, [])
    for (const holder of await scimGroupsOf(tx, client.name, before.id)) {
      changed.push(...(await changeGroup(tx, holder.id, [], [before.id])))
      await audit(tx, null, 'group.update', holder.id, { remove: [before.id], source: client.name })
    }
    await setGone(tx, before.id)
    await audit(tx, null, 'group.update', before.id, { gone: true, source: client.name })
    return promoted(tx, client, before.id, changed)
  })
}

async function written(chat: Chat, client: ScimClient, work: (tx: Connection) => Promise<Written>): Promise<Json> {
  return getGroup(chat, client, await transacted(chat, work))
}

function nameOf(client: ScimClient, group: ScimGroup) {
  const named = externalGroup(client.name, group.displayName)
  if (!named) throw new ScimFault(400, 'invalidValue', 'displayName is none that a group can have here.')
  return named
}

async function renamed(tx: Connection, client: ScimClient, before: ScimRow, group: ScimGroup): Promise<string> {
  const { name, displayName } = nameOf(client, group)
  const holder = await holderOfName(tx, name)
  if (holder && holder.id !== before.id) throw isTaken('displayName')
  await renameGroup(tx, before.id, name, displayName)
  const externalId = externalIdOf(group.externalId, before.id)
  const other = await findScimByExternalId(tx, client.name, 'group', externalId)
  if (other && other.id !== before.id) throw isTaken('externalId')
  await putScim(tx, before.id, { source: client.name, externalId, body: group.body })
  return before.id
}

async function changeMembers(tx: Connection, client: ScimClient, id: string, { members }: ScimGroup): Promise<Written> {
  return promoted(tx, client, id, await setMembers(tx, client, id, members))
}

/** Who administers by the groups as they are now. `changed`: whose rights were changed before. */
async function promoted(tx: Connection, client: ScimClient, id: string, changed: string[]): Promise<Written> {
  const named = client.administrators === undefined ? undefined : externalGroup(client.name, client.administrators)
  const turned = named ? await setAdministrators(tx, client.name, named.name) : { changed: [], kept: undefined }
  return { id, changed: [...new Set([...changed, ...turned.changed])], ended: [], kept: turned.kept }
}

/** Answers whose rights it changed. */
async function setMembers(tx: Connection, client: ScimClient, id: string, members: string[]): Promise<string[]> {
  const wanted = new Set(
    await ofSource(
      tx,
      client.name,
      members.filter(member => uuid.test(member)),
    ),
  )
  const stranger = members.find(member => !wanted.has(member))
  if (stranger !== undefined)
    throw new ScimFault(400, 'invalidValue', 'members names somebody whom this source did not bring.')
  const held = new Set((await scimMembers(tx, client.name, id)).map(member => member.id))
  const add = [...wanted].filter(member => !held.has(member))
  const remove = [...held].filter(member => !wanted.has(member))
  const changed = await changeGroup(tx, id, add, remove).catch(error => {
    if (error instanceof Refusal) throw new ScimFault(400, 'invalidValue', error.message)
    throw error
  })
  if (changed.length > 0) await audit(tx, null, 'group.update', id, { add, remove, source: client.name })
  return changed
}
