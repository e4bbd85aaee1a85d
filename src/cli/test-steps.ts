import { randomUUID } from 'node:crypto'
import { type Client, connect } from '../client/client.ts'
import { PchatError } from '../client/error.ts'
import { signIn } from '../client/sign-in.ts'
import type { PostedMessage } from '../protocol/message.ts'
import type { Me } from '../protocol/principal.ts'
import type { Room } from '../protocol/room.ts'
import { TestFailure } from './test-failure.ts'
import { askReady } from './test-reach.ts'

/** A test user: by password, or by a token where people sign in elsewhere or with a second factor. */
export type Tester = { name: string; password?: string | undefined; token?: string | undefined }
export type TestPlan = {
  server: string
  /** Where people sign in, where that is not at the server itself. */
  signInAt?: string | undefined
  sender: Tester
  receiver: Tester
  room: string
  timeoutMs: number
}

export const stepNames = [
  'server answers',
  'sender signs in',
  'receiver signs in',
  'sender connects',
  'receiver connects',
  'sender joins',
  'receiver joins',
  'first post is acknowledged',
  'first post arrives',
  'second post is acknowledged',
  'second post arrives',
  'both leave',
  'both sign out',
] as const
export type StepName = (typeof stepNames)[number]
export type Step = { step: StepName; ms: number }
export type TestFault = { step: StepName | 'preparation'; code: string; message: string; who?: string }
export type TestOutcome = { steps: Step[]; fault?: TestFault; room?: { id: string; name: string } }

/**
 * What two people do, with the product's own client: sign in, join, post one message each and hear the other's, leave, sign out.
 * Never rejects: what goes wrong is the fault of its step. Whoever signed in is signed out again.
 */
export async function runTest(plan: TestPlan): Promise<TestOutcome> {
  const outcome: TestOutcome = { steps: [] }
  const people = { sender: openPerson(plan, plan.sender), receiver: openPerson(plan, plan.receiver) }
  const deadline = performance.now() + plan.timeoutMs
  const step = <T>(name: StepName, work: Promise<T> | (() => Promise<T>), who?: Tester) =>
    take(outcome, name, work, deadline, who)
  try {
    await step('server answers', () => askReady(plan.server, plan.timeoutMs))
    await step('sender signs in', people.sender.signIn, plan.sender)
    await step('receiver signs in', people.receiver.signIn, plan.receiver)
    const sender = await step('sender connects', people.sender.connect, plan.sender)
    const receiver = await step('receiver connects', people.receiver.connect, plan.receiver)
    const room = await step('sender joins', () => join(sender, plan.room), plan.sender)
    outcome.room = { id: room.id, name: room.name }
    await step('receiver joins', () => join(receiver, room.id), plan.receiver)
    for (const [nth, from, to] of [
      ['first', sender, receiver],
      ['second', receiver, sender],
    ] as const) {
      const who = nth === 'first' ? plan.sender : plan.receiver
      const clientId = randomUUID()
      const heard = hears(to, clientId)
      const posted = from.post(room.id, { text: `pchat test message: ${nth} post` }, clientId)
      posted.catch(() => {})
      // From the same beginning: what arrives may do so before its acknowledgement.
      const arrives = step(`${nth} post arrives`, heard, who)
      arrives.catch(() => {})
      await step(`${nth} post is acknowledged`, posted, who)
      await arrives
    }
    await step('both leave', () => Promise.all([sender.part(room.id), receiver.part(room.id)]))
    await step('both sign out', () => Promise.all([people.sender.signOut(), people.receiver.signOut()]))
  } catch (error) {
    if (!outcome.fault) throw error
  } finally {
    await Promise.all([people.sender.end(), people.receiver.end()])
  }
  outcome.steps.sort((a, b) => stepNames.indexOf(a.step) - stepNames.indexOf(b.step))
  return outcome
}

/** One step, and how long it took; the first one that fails is the fault of all. */
async function take<T>(
  outcome: TestOutcome,
  step: StepName,
  work: Promise<T> | (() => Promise<T>),
  deadline: number,
  who: Tester | undefined,
): Promise<T> {
  const beganAt = performance.now()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const left = Math.max(0, deadline - beganAt)
  const timer = setTimeout(() => reject(new TestFailure('timeout', 'Nothing came in time.')), left)
  try {
    const result = await Promise.race([typeof work === 'function' ? work() : work, late])
    outcome.steps.push({ step, ms: performance.now() - beganAt })
    return result
  } catch (error) {
    const code = error instanceof PchatError || error instanceof TestFailure ? error.code : 'internal'
    outcome.fault ??= { step, code, message: (error as Error).message, ...(who ? { who: who.name } : {}) }
    throw error
  } finally {
    clearTimeout(timer)
  }
}

const endMs = 3_000

function openPerson({ server, signInAt = server }: Pick<TestPlan, 'server' | 'signInAt'>, tester: Tester) {
  const stop = new AbortController()
  let token = tester.token
  let client: Client | undefined
  let isOut = tester.token !== undefined
  return {
    async signIn() {
      if (tester.token !== undefined) return
      const { name, password = '' } = tester
      const signedIn = await signIn(signInAt, { user: name, password }, stop.signal)
      token = signedIn.token
      requireEnabled(signedIn.me)
    },
    async connect(): Promise<Client> {
      client = connect({ url: server, token: token!, catchUp: 'newest' })
      requireEnabled(await client.ready())
      return client
    },
    /** Over HTTP, since it closes the connection. A token of a bot goes on. */
    async signOut() {
      if (isOut || token === undefined) return
      await endSession(signInAt, token)
      isOut = true
    },
    async end() {
      // After a fault nothing is certain; what cannot be ended runs out by itself.
      await this.signOut().catch(() => {})
      stop.abort()
      client?.close()
    },
  }
}

function requireEnabled(me: Me): void {
  if (!me.enabled) throw new TestFailure('policy_missing', `The access policy does not let ${me.name} in.`)
}

async function endSession(server: string, token: string): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const signal = AbortSignal.timeout(endMs)
  const answer = await fetch(`${server}/api/v1/session.end`, { method: 'POST', headers, body: '{}', signal })
  if (!answer.ok) throw new TestFailure('unavailable', `Signing out was answered ${answer.status}.`)
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** By id, address (ma-chan://…) or name. */
async function join(client: Client, ref: string): Promise<Room> {
  const id = ref.startsWith('ma-chan://') ? ref.split('/').at(-1)! : ref
  const room = uuid.test(id) ? id : (await findByName(client, ref)).id
  return (await client.join(room, { history: 0 })).room
}

async function findByName(client: Client, name: string): Promise<Room> {
  const wanted = name.normalize('NFC').trim().toLowerCase()
  let after: string | undefined
  do {
    const page = await client.request('room.find', { text: name, limit: 1000, ...(after ? { after } : {}) })
    const found = page.rooms.find(room => room.name.toLowerCase() === wanted)
    if (found) return found
    after = page.next
  } while (after !== undefined)
  throw new TestFailure('no_room', `There is no room "${name}" that ${client.me?.name} may see.`)
}

function hears(client: Client, clientId: string): Promise<PostedMessage> {
  return new Promise(resolve => {
    const end = client.on('message.posted', ({ message }) => {
      if (message.clientId !== clientId) return
      end()
      resolve(message)
    })
  })
}
