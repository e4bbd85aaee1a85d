import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type FuzzClient, openFuzzClient } from './fuzz-client.ts'
import { openOracle } from './fuzz-oracle.ts'
import type { Person, Site } from './harness.ts'
import { numberOption, openRandom, type Random } from './random.ts'

export type FuzzOptions = { seed: number; steps: number; servers: 1 | 2 }
export type FuzzReport = {
  seed: number
  done: Record<string, number>
  posts: number
  drops: number
  losses: number
  faults: string[]
}

type World = {
  random: Random
  users: Person[]
  /** An administrator at each server: what one does the other learns of as it can. */
  admins: Person[]
  clients: FuzzClient[]
  categories: string[]
  rooms: string[]
  group: string
  /** Rooms that were ever in a category whose history was off: what came then is with those alone who heard it. */
  passing: Set<string>
  posted: Map<string, string>
  /** Where rights changed last: what is posted next is most of all what must not leak. */
  hot: string
  fault(text: string): void
}
/** Refusals that the course of things brings; anything else is a fault. */
const usual = /^(not_found|forbidden|room_disabled|history_off|conflict|unavailable|invalid_argument)$/

/** Users on several devices do at random what users do while administrators change who may, connections break, and at the end all have the same. */
export async function runFuzz(site: Site, { seed, steps, servers }: FuzzOptions): Promise<FuzzReport> {
  const random = openRandom(seed)
  const faults: string[] = []
  const fault = (text: string) => {
    if (faults.length < 20) faults.push(text)
  }
  const others = servers === 2 ? [await site.another()] : []
  const users = await Promise.all([0, 1, 2, 3].map(n => site.addUser(`user${n}@example.com`)))
  const admins = [site.admin, ...others.map(other => other.at(site.admin))]
  const made = await makeRooms(site, users)
  // Few messages at once, so that who was away has gaps to fill.
  await site.admin.call('settings.update', { settings: { defaultChatHistory: 4 } })
  const oracle = openOracle(site, users, made.rooms, fault)
  await oracle.begin()
  const urls = [site.url, ...others.map(other => other.url)]
  const clients = users.flatMap((user, n) =>
    [0, 1].map(device =>
      openFuzzClient({
        name: `user${n}/${device}`,
        user,
        url: urls[(n + device) % urls.length]!,
        heard: oracle.heard,
        fault,
      }),
    ),
  )
  const world: World = {
    random,
    users,
    admins,
    clients,
    ...made,
    passing: new Set(),
    posted: new Map(),
    hot: made.rooms[0]!,
    fault,
  }
  await Promise.all(clients.map(({ client }) => client.ready()))
  await Promise.all(clients.map(({ client }) => Promise.all(made.rooms.map(room => client.join(room).catch(() => {})))))

  const attempt = (act: Act): Promise<void> =>
    act.run(world).then(
      () => {},
      (error: { code?: string; message: string }) => {
        const code = error.code ?? /^\S+: (\w+) /.exec(error.message)?.[1] ?? ''
        if (!usual.test(code)) fault(`${act.name}: ${error.message}`)
      },
    )
  const done: Record<string, number> = {}
  const pending: Promise<void>[] = []
  const turns = acts.flatMap(act => Array.from({ length: act.weight }, () => act))
  for (let step = 0; step < steps; step += 1) {
    const act = random.pick(turns)
    done[act.name] = (done[act.name] ?? 0) + 1
    if (act.changesRights) {
      // Changes of rights follow each other, so that it is known who had which right when; what is posted right behind leaks first.
      const behind = random.chance(0.7)
      await oracle.around(
        () => attempt(act),
        () => behind && pending.push(attempt(postHot)),
      )
    } else pending.push(attempt(act))
    if (random.chance(0.5)) await sleep(random.below(15))
  }
  await Promise.all(pending)
  await world.admins[0]!.call('settings.get', {})
  await compare(world, oracle.mayRead, 'live')
  for (const client of clients) client.drop()
  await Promise.all(clients.map(client => client.synced()))
  await compare(world, oracle.mayRead, 'resumed')
  for (const { client } of clients) client.close()
  const drops = clients.reduce((sum, client) => sum + client.drops(), 0)
  return { seed, done, posts: world.posted.size, drops, losses: oracle.losses(), faults }
}

async function makeRooms(site: Site, users: Person[]) {
  const [first, second, third] = users as [Person, Person, Person, Person]
  const { principal: group } = await site.admin.call('principal.create', {
    kind: 'group',
    name: 'team',
    displayName: 'Team',
  })
  await site.admin.call('group.update', { group: group.id, add: [second.me.id, third.me.id] })
  const categories = [
    (await site.addCategory({ allowedMembers: ['example.com', 'team'] })).id,
    (await site.addCategory({ allowedMembers: users.map(user => user.me.id), invitations: true })).id,
  ]
  const rooms = [
    await site.addRoom({ category: categories[0]!, members: [first.me.id, 'team'] }),
    await site.addRoom({ category: categories[0]!, privacy: 'open' }),
    await site.addRoom({ category: categories[1]!, privacy: 'secret', members: [first.me.id, second.me.id] }),
    await site.addRoom({ category: categories[1]!, members: null, managers: [first.me.id] }),
  ]
  return { group: group.id, categories, rooms: rooms.map(room => room.id) }
}

type Act = { name: string; weight: number; changesRights?: boolean; run(world: World): Promise<unknown> }

const anyClient = ({ random, clients }: World) => random.pick(clients).client
const anyRoom = ({ random, rooms }: World) => random.pick(rooms)
function hotRoom(world: World): string {
  world.hot = anyRoom(world)
  return world.hot
}
const admin = ({ random, admins }: World) => random.pick(admins)

/** A sequence of the room, mostly a recent one. */
async function anySeq(world: World, room: string): Promise<number> {
  const known = Math.max(0, ...world.clients.map(({ client }) => client.room(room)?.lastSeq ?? 0))
  return Math.max(1, known - world.random.below(12))
}

/** A few at once. */
async function post(world: World, room: string) {
  const client = anyClient(world)
  const posts = Array.from({ length: world.random.between(1, 3) }, () => {
    const clientId = crypto.randomUUID()
    const text = `text ${world.posted.size} ${'word '.repeat(world.random.below(4))}`
    world.posted.set(clientId, text)
    return client.post(room, { text }, clientId)
  })
  for (const settled of await Promise.allSettled(posts)) if (settled.status === 'rejected') throw settled.reason
}

/** By several, since who may post there by now is not known yet. */
const postHot: Act = {
  name: 'postHot',
  weight: 0,
  run: world =>
    Promise.allSettled(
      world.users.map((_, user) => {
        const clientId = crypto.randomUUID()
        const text = `hot ${world.posted.size}`
        world.posted.set(clientId, text)
        // Each user's first device and its second are at different servers.
        const { client } = world.clients[user * 2 + world.random.below(2)]!
        return client.request('message.post', { room: world.hot, clientId, text })
      }),
    ),
}

const acts: Act[] = [
  {
    name: 'post',
    weight: 60,
    run: world => post(world, world.random.chance(0.5) ? world.hot : anyRoom(world)),
  },
  {
    name: 'join',
    weight: 30,
    run: world => anyClient(world).join(anyRoom(world), { history: world.random.below(10) }),
  },
  { name: 'part', weight: 3, run: world => anyClient(world).part(anyRoom(world)) },
  { name: 'follow', weight: 5, run: world => anyClient(world).request('room.follow', { room: anyRoom(world) }) },
  { name: 'unfollow', weight: 2, run: world => anyClient(world).request('room.unfollow', { room: anyRoom(world) }) },
  {
    name: 'markRead',
    weight: 5,
    async run(world) {
      const room = anyRoom(world)
      await anyClient(world).request('room.markRead', { room, seq: await anySeq(world, room) })
    },
  },
  {
    name: 'older',
    weight: 5,
    async run(world) {
      const client = anyClient(world)
      const room = anyRoom(world)
      if (client.room(room)) await client.loadOlder(room, world.random.between(1, 20))
    },
  },
  {
    name: 'drop',
    weight: 6,
    async run({ random, clients }) {
      random.pick(clients).drop()
    },
  },
  {
    name: 'remove',
    weight: 4,
    async run(world) {
      const room = anyRoom(world)
      await admin(world).call('message.remove', { room, seq: await anySeq(world, room) })
    },
  },
  {
    name: 'replace',
    weight: 3,
    async run(world) {
      const room = anyRoom(world)
      await admin(world).call('message.remove', { room, seq: await anySeq(world, room), replaceWith: 'replaced' })
    },
  },
  {
    name: 'removeMany',
    weight: 1,
    run: world => admin(world).call('message.remove', { room: anyRoom(world), filter: { text: 'word word' } }),
  },
  {
    name: 'clear',
    weight: 1,
    async run(world) {
      const room = anyRoom(world)
      const at = world.clients.flatMap(({ client }) => client.room(room)?.messages ?? []).at(world.random.below(10))?.at
      if (at) await admin(world).call('room.clear', { room, until: at })
    },
  },
  {
    name: 'rename',
    weight: 1,
    run: world => admin(world).call('room.update', { room: anyRoom(world), name: `room ${crypto.randomUUID()}` }),
  },
  {
    name: 'members',
    weight: 7,
    changesRights: true,
    async run(world) {
      const someone = [world.random.pick([...world.users.map(user => user.me.id), world.group])]
      const members = world.random.chance(0.5) ? { add: someone } : { remove: someone }
      const room = hotRoom(world)
      const whole = world.random.chance(0.1) ? null : world.random.chance(0.2) ? someone : members
      await admin(world).call('room.update', { room, members: whole })
    },
  },
  {
    name: 'privacy',
    weight: 2,
    changesRights: true,
    run: world =>
      admin(world).call('room.update', {
        room: hotRoom(world),
        privacy: world.random.pick(['open', 'closed', 'secret']),
      }),
  },
  {
    name: 'type',
    weight: 1,
    changesRights: true,
    run: world =>
      admin(world).call('room.update', { room: hotRoom(world), type: world.random.pick(['normal', 'auditorium']) }),
  },
  {
    name: 'disable',
    weight: 3,
    changesRights: true,
    run: world => admin(world).call('room.update', { room: hotRoom(world), disabled: world.random.chance(0.4) }),
  },
  {
    name: 'group',
    weight: 4,
    changesRights: true,
    async run(world) {
      const someone = [world.random.pick(world.users).me.id]
      await admin(world).call('group.update', {
        group: world.group,
        ...(world.random.chance(0.5) ? { add: someone } : { remove: someone }),
      })
    },
  },
  {
    name: 'scope',
    weight: 4,
    changesRights: true,
    async run(world) {
      const someone = [world.random.pick([...world.users.map(user => user.me.id), world.group])]
      const list = world.random.chance(0.7) ? 'deniedMembers' : 'allowedMembers'
      const change = world.random.chance(0.5) ? { remove: someone } : { add: someone }
      await admin(world).call('category.update', { category: world.random.pick(world.categories), [list]: change })
    },
  },
  {
    name: 'move',
    weight: 2,
    changesRights: true,
    async run(world) {
      const room = hotRoom(world)
      // Whether the other category keeps history is not known here.
      world.passing.add(room)
      await admin(world).call('room.update', { room, category: world.random.pick(world.categories) })
    },
  },
  {
    name: 'account',
    weight: 1,
    changesRights: true,
    async run(world) {
      // Disabling ends sessions, which ends the clients; the policy takes the rights alone.
      const scope = world.random.pick(world.users).me.id
      await admin(world).call('policy.grant', { scope, enabled: false })
      await sleep(world.random.below(50))
      await admin(world).call('policy.grant', { scope, enabled: true })
    },
  },
  {
    name: 'history',
    weight: 2,
    changesRights: true,
    async run(world) {
      for (const room of world.rooms) world.passing.add(room)
      const chatHistory = world.random.chance(0.6)
      await admin(world).call('category.update', { category: world.random.pick(world.categories), chatHistory })
    },
  },
]

/** Every client has what its user may read, as the store has it, and nothing else. `live`: without asking anew. */
async function compare(world: World, mayRead: (user: string, room: string) => boolean, when: 'live' | 'resumed') {
  const truths = new Map<string, Truth>()
  for (const room of world.rooms) truths.set(room, await readTruth(world, room, mayRead))
  const deadline = Date.now() + 6_000
  for (const { client, name, user } of world.clients)
    for (const room of world.rooms) {
      const truth = truths.get(room)!
      const differs = async () => {
        const state = client.room(room)
        if (!mayRead(user.me.id, room))
          return state && state.closed !== 'disabled' ? 'has a room that it may not read' : undefined
        if (when === 'resumed') {
          if (!state) await client.join(room)
          if (truth.messages) await client.fill(room, { from: 1, through: client.room(room)!.lastSeq })
        }
        return state && differenceOf(client.room(room)!, truth, world, when)
      }
      let difference: string | undefined
      // What crosses between servers without a bus comes with the sweep, and filling takes a moment.
      for (;;) {
        difference = await differs().catch((error: Error) => error.message)
        if (difference === undefined || Date.now() > deadline) break
        await sleep(50)
      }
      if (difference !== undefined) world.fault(`${when}: ${name} in room ${world.rooms.indexOf(room)}: ${difference}`)
    }
}

type Row = { seq: number; text?: string; removed?: true; replaced?: boolean; clientId?: string }
type Truth = { messages: Map<number, string> | undefined; firstSeq: number; lastSeq: number; revision: number }

async function readTruth(world: World, room: string, mayRead: (user: string, room: string) => boolean): Promise<Truth> {
  const reader = world.users.find(user => mayRead(user.me.id, room))
  const none = { messages: undefined, firstSeq: 0, lastSeq: 0, revision: 0 }
  if (!reader) return none
  const messages = new Map<number, string>()
  for (let after = 0; ; ) {
    const { result, error } = await reader.ask('message.list', { room, after, limit: 500 })
    if (error) return none
    for (const message of result.messages) messages.set(message.seq, shown(message as Row))
    after = result.messages.at(-1)?.seq ?? 0
    if (result.messages.length < 500)
      return { messages, firstSeq: result.firstSeq, lastSeq: result.lastSeq, revision: result.revision }
  }
}

function shown({ text, removed, replaced, clientId }: Row): string {
  return removed ? 'removed' : `${clientId} ${text}${replaced ? ' (replaced)' : ''}`
}

type State = NonNullable<ReturnType<FuzzClient['client']['room']>>

function differenceOf(state: State, truth: Truth, world: World, when: 'live' | 'resumed'): string | undefined {
  // That a room is open again is told to its followers, and over the bus alone: the others find it when they sync.
  if (state.closed) return when === 'live' ? undefined : `is closed: ${state.closed}`
  if (!truth.messages) return undefined
  for (const member of ['firstSeq', 'lastSeq', 'revision'] as const)
    if (state[member] !== truth[member]) return `${member} is ${state[member]}, not ${truth[member]}`
  const seen = new Set<number>()
  for (const message of state.messages as readonly Row[]) {
    seen.add(message.seq)
    const there = truth.messages.get(message.seq)
    const wasPassing = there === undefined && world.passing.has(state.id)
    if (
      wasPassing
        ? message.text !== world.posted.get(message.clientId ?? '') && message.text !== 'replaced'
        : there !== shown(message)
    )
      return `${message.seq} is ${JSON.stringify(shown(message))}, not ${JSON.stringify(there)}`
  }
  if (when === 'live') return undefined
  for (const seq of truth.messages.keys()) if (!seen.has(seq)) return `${seq} is missing`
  return undefined
}

// A database comes with the tests' runner alone.
if (import.meta.main) {
  const args = process.argv.slice(2)
  const env = {
    ...process.env,
    PCHAT_SEED: String(numberOption(args, 'seed', Date.now() % 2 ** 31)),
    PCHAT_FUZZ_STEPS: String(numberOption(args, 'steps', 400)),
    PCHAT_FUZZ_RUNS: String(numberOption(args, 'runs', 1)),
  }
  const root = fileURLToPath(new URL('..', import.meta.url))
  const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', 'test/fuzz.test.ts', '-t', 'random seed']
  process.exitCode = spawnSync(vitest[0]!, vitest.slice(1), { cwd: root, env, stdio: 'inherit' }).status ?? 1
}
