import { randomBytes } from 'node:crypto'
import { type Client, connect } from '../client/client.ts'
import type { Tester } from './test-steps.ts'

const testCategory = 'Test messages'
export const testRoom = 'Test message'
/** Accounts that carry it were made here; no other is touched. */
const mark = 'Test message'
const purpose = 'Made by pchat test message --setup, for synthetic transactions.'

export type Setup = { sender: Tester; receiver: Tester; room: string; made: string[] }
type Admin = Pick<Client, 'request'>
type SetupPlan = {
  server: string
  token: string
  sender: { name?: string | undefined; password?: string | undefined }
  receiver: { name?: string | undefined; password?: string | undefined }
  room?: string | undefined
  /** Of the test users, where the pool has none yet. */
  domain?: string
}

/**
 * Sees to two test users who may use Persistent Chat, a category and a room with both as members; what is there already stays.
 * Passwords that are not given are new at each run. Rejects with PchatError, or a sentence where a name is somebody else's.
 */
export async function setUp(plan: SetupPlan): Promise<Setup> {
  const admin = connect({ url: plan.server, token: plan.token })
  try {
    const me = await admin.ready()
    if (!me.administrator) throw new Error(`${me.name} is no administrator, so that --setup may not create anything.`)
    return await setUpAs(admin, plan)
  } finally {
    admin.close()
  }
}

/** The same, by whoever may do it: over a server, or on the store itself. */
export async function setUpAs(
  admin: Admin,
  plan: Pick<SetupPlan, 'sender' | 'receiver' | 'room' | 'domain'>,
): Promise<Setup> {
  const { settings } = await admin.request('settings.get', {})
  const made: string[] = []
  const users: Tester[] = []
  for (const [role, given] of [
    ['sender', plan.sender],
    ['receiver', plan.receiver],
  ] as const) {
    const name = given.name ?? `pchat-test-${role}@${settings.domain || plan.domain}`
    const password = given.password ?? randomBytes(24).toString('base64url')
    await seeToUser(admin, { name, password, displayName: `${mark} ${role}` }, made)
    users.push({ name, password })
  }
  const [sender, receiver] = users as [Tester, Tester]
  const room = plan.room ?? testRoom
  await seeToRoom(admin, room, [sender.name, receiver.name], made)
  return { sender, receiver, room, made }
}

async function seeToUser(
  admin: Admin,
  { name, password, displayName }: { name: string; password: string; displayName: string },
  made: string[],
): Promise<void> {
  const found = await admin.request('principal.get', { principal: name }).catch(orNothing)
  if (found && !found.principal.displayName.startsWith(mark))
    throw new Error(
      `${name} is somebody's account, which --setup does not touch. Name others with --sender and --receiver.`,
    )
  if (!found) {
    await admin.request('principal.create', { kind: 'user', name, displayName, password })
    made.push(`user ${name}`)
  } else await admin.request('principal.update', { principal: name, password, disabled: false })
  const { enabled } = await admin.request('principal.get', { principal: name })
  if (enabled) return
  await admin.request('policy.grant', { scope: name, enabled: true })
  made.push(`policy of ${name}`)
}

async function seeToRoom(admin: Admin, name: string, members: string[], made: string[]): Promise<void> {
  const category = await seeToCategory(admin, members, made)
  const { rooms } = await admin.request('room.find', { text: name, limit: 1000 })
  const room = rooms.find(one => one.name.toLowerCase() === name.toLowerCase())
  if (!room) {
    await admin.request('room.create', { category, name, description: purpose, members })
    made.push(`room ${name}`)
    return
  }
  if (room.category !== category)
    throw new Error(
      `The room "${name}" is of another category, which --setup does not touch. Name another with --room.`,
    )
  await admin.request('room.update', { room: room.id, members: { add: members }, disabled: false })
}

async function seeToCategory(admin: Admin, members: string[], made: string[]): Promise<string> {
  const { categories } = await admin.request('category.list', {})
  const found = categories.find(one => one.name === testCategory)
  if (found) {
    await admin.request('category.update', { category: found.id, allowedMembers: { add: members } })
    return found.id
  }
  const { category } = await admin.request('category.create', {
    name: testCategory,
    description: purpose,
    allowedMembers: members,
  })
  made.push(`category ${testCategory}`)
  return category.id
}

function orNothing(error: unknown): undefined {
  if (error instanceof Error && (error as { code?: unknown }).code === 'not_found') return undefined
  throw error
}
