import type { ScimClient } from '../directory/scim-config.ts'
import {
  type Json,
  patchUser,
  readUser,
  ScimFault,
  type ScimFilter,
  type ScimUser,
  schemaIds,
} from '../directory/scim-resource.ts'
import { checkedName, nameKey } from '../domain/name.ts'
import { checkedEmail, checkedPrincipalName, domainOf, withDomain } from '../domain/principal.ts'
import { uuidPattern } from '../protocol/ids.ts'
import { isLastAdministrator, takeAdministration } from '../store/administrator.ts'
import { changeGroup, lockDirectory } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { type Connection, type Queryable, transaction } from '../store/db.ts'
import { holderOfName } from '../store/external.ts'
import { changePrincipal } from '../store/principal.ts'
import {
  findScimByExternalId,
  listScim,
  putScim,
  type ScimRow,
  scimGroupsOf,
  setDisabledBySource,
  setGone,
} from '../store/scim.ts'
import { deleteSessionsOf } from '../store/session.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Chat } from './chat.ts'
import { freeName, taken } from './external.ts'
import { addPrincipal, renamePerson } from './principal.ts'

/** Users as a provider pushes them by SCIM 2.0. Each request is one transaction, and sees nothing but what is of its own source. */

const uuid = new RegExp(uuidPattern)

export function unknownResource(): ScimFault {
  return new ScimFault(404, undefined, 'There is no such resource.')
}

export function isTaken(what: string): ScimFault {
  return new ScimFault(409, 'uniqueness', `${what} is taken.`)
}

/** By our own id. ScimFault 404. */
export async function findScim(q: Queryable, client: ScimClient, kind: 'user' | 'group', id: string): Promise<ScimRow> {
  const key = id.toLowerCase()
  const { rows } = uuid.test(key)
    ? await listScim(q, client.name, kind, { id: key }, { offset: 0, limit: 1 })
    : { rows: [] }
  if (!rows[0]) throw unknownResource()
  return rows[0]
}

/** What the provider may know of a resource, whichever kind. */
export function resourceOf(row: ScimRow, more: Json, resourceType: 'User' | 'Group'): Json {
  return {
    ...row.body,
    id: row.id,
    ...(row.externalId === row.id ? {} : { externalId: row.externalId }),
    ...more,
    meta: { resourceType, created: row.createdAt.toISOString(), lastModified: row.changedAt.toISOString() },
  }
}

async function userResource(q: Queryable, client: ScimClient, row: ScimRow): Promise<Json> {
  const groups = await scimGroupsOf(q, client.name, row.id)
  return resourceOf(
    row,
    {
      schemas: row.body.schemas ?? [schemaIds.user],
      userName: row.name,
      active: !row.disabled,
      groups: groups.map(group => ({ value: group.id, display: group.displayName })),
    },
    'User',
  )
}

export type ScimPage = { total: number; resources: Json[] }
export type ScimSlice = { offset: number; limit: number }

/** Looks up an id that is none as nobody's. */
export function lookOf(filter: ScimFilter, name: string | undefined) {
  const id = filter.id?.toLowerCase()
  const isNobody = id !== undefined && !uuid.test(id)
  const { externalId, displayName, active } = filter
  return { isNobody, look: { id: isNobody ? undefined : id, name, externalId, displayName, active } }
}

export async function listUsers(
  chat: Chat,
  client: ScimClient,
  filter: ScimFilter,
  slice: ScimSlice,
): Promise<ScimPage> {
  const name = filter.userName === undefined ? undefined : withDomain(filter.userName, client.domain)
  const { isNobody, look } = lookOf(filter, name)
  if (isNobody) return { total: 0, resources: [] }
  const { rows, total } = await listScim(chat.db, client.name, 'user', look, slice)
  return { total, resources: await Promise.all(rows.map(row => userResource(chat.db, client, row))) }
}

export async function getUser(chat: Chat, client: ScimClient, id: string): Promise<Json> {
  return userResource(chat.db, client, await findScim(chat.db, client, 'user', id))
}

/** A user anew, or one who was deleted there and comes back under the same externalId. ScimFault 409 for a name that is taken. */
export async function createUser(chat: Chat, client: ScimClient, input: unknown): Promise<Json> {
  const user = readUser(input)
  return written(chat, client, async tx => {
    const known = user.externalId && (await findScimByExternalId(tx, client.name, 'user', user.externalId))
    if (known && !known.gone) throw isTaken('externalId')
    return known ? changeUser(chat, tx, client, known, user) : makeUser(tx, client, user)
  })
}

export function replaceUser(chat: Chat, client: ScimClient, id: string, input: unknown): Promise<Json> {
  const user = readUser(input)
  return written(chat, client, async tx => changeUser(chat, tx, client, await findScim(tx, client, 'user', id), user))
}

export function modifyUser(chat: Chat, client: ScimClient, id: string, patch: unknown): Promise<Json> {
  return written(chat, client, async tx => {
    const before = await findScim(tx, client, 'user', id)
    // As the provider left him: that he is disabled here is no word of the provider's, whatever else it changes.
    const user = await patchUser({ ...(await userResource(tx, client, before)), active: !before.shut }, patch)
    return user ? changeUser(chat, tx, client, before, user) : { id: before.id, changed: [], ended: [] }
  })
}

/** Disabled here, since messages name their authors; to the provider he is gone. ScimFault 409 for the last administrator. */
export async function deleteUser(chat: Chat, client: ScimClient, id: string): Promise<void> {
  await transacted(chat, async tx => {
    const { id: user } = await findScim(tx, client, 'user', id)
    await refuseLastAdministrator(chat, tx, client, user)
    await setDisabledBySource(tx, user, true)
    const ended = await deleteSessionsOf(tx, user)
    // Should he come back, it is for the provider to say where he belongs.
    for (const group of await scimGroupsOf(tx, client.name, user)) await changeGroup(tx, group.id, [], [user])
    const { kept } = await takeAdministration(tx, [user])
    await setGone(tx, user)
    await audit(tx, null, 'principal.update', user, { disabled: true, gone: true, source: client.name })
    return { id: user, changed: [user], ended, kept }
  })
}

/** `changed`: whose rights; `ended`: sign-ins; `kept`: who administers still, against the word of the source. */
export type Written = { id: string; changed: string[]; ended: string[]; kept?: string | undefined }

/** One writer of the directory at a time; tells every server after the commit. */
export async function transacted(chat: Chat, work: (tx: Connection) => Promise<Written>): Promise<string> {
  const { id, ended, kept, directory } = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    const { changed, ...rest } = await work(tx)
    return { ...rest, directory: changed.length > 0 ? await raiseDirectory(tx, changed) : undefined }
  })
  if (kept !== undefined) chat.log.warn({ principal: kept }, 'the last administrator keeps the right: make another one')
  announce(chat, { ended, directory })
  return id
}

async function written(chat: Chat, client: ScimClient, work: (tx: Connection) => Promise<Written>): Promise<Json> {
  return getUser(chat, client, await transacted(chat, work))
}

type Draft = { name: string; displayName: string; email: string | null }

function draftOf(client: ScimClient, user: ScimUser): Draft {
  const name = taken(() => checkedPrincipalName('user', withDomain(user.userName, client.domain)))
  if (name === undefined)
    throw new ScimFault(400, 'invalidValue', 'userName is no account name, such as alice@example.com.')
  if (nameKey(domainOf(name)) !== nameKey(client.domain))
    throw new ScimFault(400, 'invalidValue', `userName is not of the domain ${client.domain}.`)
  const displayName = taken(() => checkedName('displayName', user.displayName)) ?? name
  const { email } = user
  return { name, displayName, email: email === undefined ? null : (taken(() => checkedEmail(email)) ?? null) }
}

const maxExternalId = 255

export function externalIdOf(given: string | undefined, id: string): string {
  if (given === undefined) return id
  if (given.length > maxExternalId)
    throw new ScimFault(400, 'invalidValue', `externalId is longer than ${maxExternalId}.`)
  return given
}

async function makeUser(tx: Connection, client: ScimClient, user: ScimUser): Promise<Written> {
  const draft = draftOf(client, user)
  if (!(await freeName(tx, client.name, draft.name, 'gone'))) throw isTaken('userName')
  const { principal } = await addPrincipal(tx, { kind: 'user', ...draft })
  const { id } = principal
  await putScim(tx, id, { source: client.name, externalId: externalIdOf(user.externalId, id), body: user.body })
  if (!user.active) await setDisabledBySource(tx, id, true)
  await audit(tx, null, 'principal.create', id, {
    name: draft.name,
    displayName: draft.displayName,
    source: client.name,
  })
  return { id, changed: [], ended: [] }
}

/** What would shut the pool's console for good is left to somebody here. */
async function refuseLastAdministrator(chat: Chat, tx: Connection, client: ScimClient, id: string): Promise<void> {
  if (!(await isLastAdministrator(tx, id))) return
  chat.log.warn({ source: client.name, principal: id }, 'the last administrator is not disabled: make another one')
  throw new ScimFault(
    409,
    undefined,
    'This is the last administrator of Persistent Chat. Make somebody else one first.',
  )
}

async function changeUser(
  chat: Chat,
  tx: Connection,
  client: ScimClient,
  before: ScimRow,
  user: ScimUser,
): Promise<Written> {
  const { id } = before
  if (!user.active) await refuseLastAdministrator(chat, tx, client, id)
  const { name, displayName, email } = draftOf(client, user)
  const isRenamed = name !== before.name
  if (isRenamed && (await holderOfName(tx, name))?.id !== id) {
    if (!(await freeName(tx, client.name, name, 'gone'))) throw isTaken('userName')
  }
  const moved = isRenamed ? await renamePerson(tx, { id, name: before.name }, name) : []
  await changePrincipal(tx, id, { displayName, email })
  const externalId = externalIdOf(user.externalId, id)
  const holder = await findScimByExternalId(tx, client.name, 'user', externalId)
  if (holder && holder.id !== id) throw isTaken('externalId')
  await putScim(tx, id, { source: client.name, externalId, body: user.body })
  const isChanged = await setDisabledBySource(tx, id, !user.active)
  const ended = user.active ? [] : await deleteSessionsOf(tx, id)
  if (isChanged) await audit(tx, null, 'principal.update', id, { disabled: !user.active, source: client.name })
  return { id, changed: isChanged || ended.length > 0 ? [id] : moved, ended }
}
