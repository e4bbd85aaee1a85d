import type { Db } from '../src/store/db.ts'
import { call } from './ask-http.ts'
import { allVerbs, type Names } from './malformed-valid.ts'

export type Target = {
  url: string
  db: Db
  /** Signed in: an administrator, who may call every verb, and a member. */
  administrator: string
  member: string
  names: Names
  /** Bytes that the server holds; absent where it shares its process with the test. */
  residentBytes?: () => Promise<number>
}

export const malformedPassword = 'correct horse battery'

/** A member, a room of his with a message in it, a group and a category, made by the administrator. */
export async function prepareTarget(url: string, db: Db, administrator: string): Promise<Target> {
  await call(url, administrator, 'settings.update', { settings: { trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
  const name = 'member@example.com'
  const { principal } = await call(url, administrator, 'principal.create', {
    kind: 'user',
    name,
    displayName: 'Member',
    password: malformedPassword,
  })
  const group = await call(url, administrator, 'principal.create', {
    kind: 'group',
    name: 'group',
    displayName: 'Group',
  })
  const member = (await call(url, undefined, 'session.signIn', { user: name, password: malformedPassword })).token
  const { category } = await call(url, administrator, 'category.create', {
    name: 'category',
    allowedMembers: ['example.com'],
  })
  const { room } = await call(url, administrator, 'room.create', {
    category: category.id,
    name: 'room',
    members: [principal.id],
  })
  await call(url, member, 'message.post', { room: room.id, clientId: room.id, text: 'good' })
  const names = { room: room.id, category: category.id, user: principal.id, group: group.principal.id }
  // What the first use of each verb at each door makes once (sessions seen, statements prepared) is there before.
  for (const verb of allVerbs) await fetch(`${url}/api/v1/${verb}`, { method: 'POST' })
  return { url, db, administrator, member, names }
}
