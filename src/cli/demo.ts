import type { Command } from 'commander'
import type { Input, Result, Verb } from '../protocol/request.ts'
import type { StoreAddress } from '../store/address.ts'
import { openDb } from '../store/db.ts'
import { insertHistory } from '../store/seed.ts'
import { recountUsage } from '../store/usage-count.ts'
import { categories, demoDomain, groups, people, rooms, units } from './demo-data.ts'
import { openRandom, pastOf, sayLine } from './demo-text.ts'
import { type StartOptions, withStartOptions } from './options.ts'
import type { Serving } from './serve-options.ts'
import { start } from './start.ts'

export const demoPassword = 'persistent-chat'
const administrator = `admin@${demoDomain}`
const demoDataDir = './data/demo'

const examples = `
Examples:
  $ pchat demo
  $ pchat demo --port 9000 --data-dir /tmp/pchat-demo`

export function addDemo(program: Command): void {
  withStartOptions(
    program
      .command('demo')
      .description('start a server with sample data: walls, all kinds of rooms, some thousand messages'),
  )
    .addHelpText('after', examples)
    .action((options: StartOptions, command: Command) => {
      process.env.PCHAT_ADMIN_USER ??= administrator
      process.env.PCHAT_ADMIN_PASSWORD ??= demoPassword
      const dataDir = command.getOptionValueSource('dataDir') === 'default' ? demoDataDir : options.dataDir
      return start({ ...options, dataDir, domain: options.domain ?? demoDomain }, command, fillDemo)
    })
}

type Ask = <V extends Verb>(verb: V, input: Input<V>) => Promise<Result<V>>

async function fillDemo(serving: Serving, address: StoreAddress): Promise<void> {
  const admin = await signIn(serving, administrator)
  const { rooms: found } = await admin('room.find', { limit: 1 })
  const voices = openVoices(serving)
  const random = openRandom(Date.now())
  if (found.length === 0) {
    await fill(admin, address)
    await followRooms(voices)
    for (let i = 0; i < freshLines; i += 1) await talk(voices, random)
  }
  // The demo's own chatter is no reason to stop it, nor to keep it alive.
  setInterval(() => void talk(voices, random).catch(() => {}), talkMs).unref()
  console.log(
    `Sign in with the password ${demoPassword} as ${administrator}, tara@${demoDomain} (trader), anna@${demoDomain} (analyst) or omar@${demoDomain} (operator).`,
  )
}

async function fill(admin: Ask, address: StoreAddress): Promise<void> {
  for (const name of units)
    await admin('principal.create', { kind: 'organizationalUnit', name: `OU ${name}`, displayName: name })
  for (const one of people)
    await admin('principal.create', {
      kind: 'user',
      name: `${one.account}@${demoDomain}`,
      displayName: one.displayName,
      password: demoPassword,
      in: `OU ${one.unit}`,
    })
  for (const name of groups) {
    await admin('principal.create', { kind: 'group', name, displayName: name })
    await admin('group.update', {
      group: name,
      add: people.filter(one => one.groups.includes(name)).map(one => `${one.account}@${demoDomain}`),
    })
  }
  const ids = new Map<string, string>()
  for (const { name, description, allowed, denied, invitations, chatHistory } of categories) {
    const { category } = await admin('category.create', {
      name,
      description,
      invitations,
      chatHistory: chatHistory ?? true,
      allowedMembers: allowed,
      deniedMembers: denied,
      creators: allowed,
    })
    ids.set(name, category.id)
  }
  await fillRooms(admin, address, ids)
}

const nameOf = (who: string) => (people.some(one => one.account === who) ? `${who}@${demoDomain}` : who)

async function fillRooms(admin: Ask, address: StoreAddress, ids: Map<string, string>): Promise<void> {
  const db = openDb(address, { max: 1 })
  const random = openRandom(2013)
  const { principals } = await admin('principal.find', { text: '', kind: 'user', limit: 1000 })
  const idOf = new Map(principals.map(principal => [principal.name, principal.id]))
  try {
    for (const plan of rooms) {
      const { room } = await admin('room.create', {
        category: ids.get(plan.category)!,
        name: plan.name,
        description: plan.description,
        privacy: plan.privacy,
        ...(plan.type ? { type: plan.type } : {}),
        ...(plan.members === undefined ? {} : { members: plan.members?.map(nameOf) ?? null }),
        managers: plan.managers.map(nameOf),
        ...(plan.presenters ? { presenters: plan.presenters.map(nameOf) } : {}),
      })
      const authors = authorsOf(plan).map(account => idOf.get(`${account}@${demoDomain}`)!)
      await insertHistory(db, room.id, pastOf(random, plan.theme, authors, plan.messages, new Date()))
      if (plan.disabled) await admin('room.update', { room: room.id, disabled: true })
    }
    await recountUsage(db)
  } finally {
    await db.end()
  }
}

/** Those who could have written there: presenters, members, or everybody in the category's scope. */
function authorsOf(plan: (typeof rooms)[number]): string[] {
  const allowed =
    plan.presenters ?? plan.members ?? categories.find(category => category.name === plan.category)!.allowed
  return people
    .filter(
      one =>
        allowed.includes(demoDomain) ||
        allowed.includes(one.account) ||
        one.groups.some(group => allowed.includes(group)),
    )
    .map(one => one.account)
}

const talkMs = 7_000
/** Lines that everybody finds unread at first. */
const freshLines = 25

type Voice = { ask: Ask; rooms: Map<string, string> }
type Voices = (account: string) => Promise<Voice>

/** People sign in when they first say something. */
function openVoices(serving: Serving): Voices {
  const known = new Map<string, Promise<Voice>>()
  return account => {
    const voice = known.get(account) ?? introduce(serving, account)
    known.set(account, voice)
    return voice
  }
}

async function introduce(serving: Serving, account: string): Promise<Voice> {
  const ask = await signIn(serving, `${account}@${demoDomain}`)
  const { rooms: mine } = await ask('room.find', { mine: 'member', limit: 1000 })
  return { ask, rooms: new Map(mine.filter(room => !room.disabled).map(room => [room.name, room.id])) }
}

/** Everybody follows what he may read, but for the chatter of the whole house, which he finds himself. */
async function followRooms(voices: Voices): Promise<void> {
  const chatter = new Set(['Canteen', 'Smoking balcony', 'Change calendar'])
  for (const { account } of people) {
    const { ask, rooms: mine } = await voices(account)
    for (const [name, room] of mine) if (!chatter.has(name)) await ask('room.follow', { room })
  }
}

async function talk(voices: Voices, random: () => number): Promise<void> {
  const busy = rooms.filter(one => one.messages > 100)
  const plan = busy[Math.floor(random() * busy.length)]!
  const authors = authorsOf(plan)
  const voice = await voices(authors[Math.floor(random() * authors.length)]!)
  const room = voice.rooms.get(plan.name)
  if (room)
    await voice.ask('message.post', {
      room,
      clientId: crypto.randomUUID(),
      text: sayLine(random, plan.theme),
      format: 'markdown',
    })
}

async function signIn(serving: Serving, user: string): Promise<Ask> {
  let token: string | undefined
  const ask: Ask = async (verb, input) => {
    const response = await fetch(`${serving.url}/api/v1/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(input),
    })
    const answer = (await response.json()) as { result?: Result<typeof verb>; error?: { message: string } }
    if (!answer.result) throw new Error(`${verb}: ${answer.error?.message}`)
    return answer.result
  }
  token = (await ask('session.signIn', { user, password: demoPassword })).token
  return ask
}
