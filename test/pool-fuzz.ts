import { setTimeout as sleep } from 'node:timers/promises'
import { inTime } from './in-time.ts'
import type { Kept, KeptRoom } from './kill-check.ts'
import { callUntil, draftPost } from './pool-call.ts'
import { type Answered, findPoolFaults, type HeardPost, type PoolTried } from './pool-check.ts'
import {
  now,
  openPoolReader,
  openPoolWriter,
  type PoolPerson,
  type PoolReader,
  type PoolStage,
} from './pool-clients.ts'
import { type PoolFault, readyText, serverFaults, storeFaults } from './pool-faults.ts'
import { type Churn, openRights } from './pool-rights.ts'
import { admin, openPool, type PoolOptions, type PoolSite, password } from './pool-site.ts'
import { numberOption, openRandom, type Random } from './random.ts'

export type PoolFuzzOptions = {
  seed: number
  /** Faults go on for so long; without, each kind comes once. */
  minutes?: number
  /** Nothing but so many promotions. */
  promotions?: number
  /** Only kinds whose name holds this. */
  only?: string
  hosts?: PoolOptions['hosts']
  hasBus?: boolean
  say?: (line: string) => void
}

type Recovery = { count: number; medianMs: number; longestMs: number; longestSilenceMs: number }
export type PoolFuzzReport = {
  seed: number
  /** From the end of each fault to the next acknowledged post, and how long none was acknowledged since it began. */
  recoveries: Record<string, Recovery>
  promotions: number
  posts: number
  acknowledged: number
  retried: number
  repeats: number
  rightChanges: number
  losses: number
  probes: number
  heard: number
  resumed: number
  seconds: number
  faults: string[]
  tails?: string
}

const patienceMs = 90_000
const slotCount = 3

/** Posts, reads and changes rights in a pool in which everything fails by turns, then looks for what was lost, doubled, mixed up or leaked. */
export async function runPoolFuzz(options: PoolFuzzOptions): Promise<PoolFuzzReport> {
  const site = await openPool({ servers: slotCount, hosts: options.hosts, hasBus: options.hasBus })
  const over = new AbortController()
  try {
    return await fuzzPool(site, options, over.signal)
  } catch (error) {
    throw new Error(
      `seed ${options.seed}: ${(error as Error).message}\n${site.errors(20).join('\n')}\n${await site.tails()}`,
      { cause: error },
    )
  } finally {
    over.abort()
    await site.close()
  }
}

async function fuzzPool(site: PoolSite, options: PoolFuzzOptions, over: AbortSignal): Promise<PoolFuzzReport> {
  const { seed, minutes, promotions, only = '' } = options
  const say = options.say ?? (() => {})
  const startedAt = Date.now()
  const random = openRandom(seed)
  const world = await prepare(site)
  const { rooms, writers: writerPeople, readers: readerPeople, victims } = world
  const stopping = new AbortController()
  const heard: HeardPost[] = []
  const answered: Answered[] = []
  const fault = (text: string) => {
    if (site.faults.length < 60) {
      site.faults.push(text)
      say(`FAULT at ${now().toFixed()}: ${text}`)
    }
  }
  const progress = openProgress()
  const closing = new Set([...rooms.values()].filter(room => room !== rooms.get('open') && room !== rooms.get('wide')))
  const stage: PoolStage = {
    slots: site.slots.length,
    url: slot => site.slots[slot]!.url(),
    rooms: [...rooms.values()],
    closes: (user, room) =>
      room === rooms.get('closing') || (closing.has(room) && victims.some(({ name }) => name === user)),
    fault,
    heard: post => void heard.push(post),
    answered: answer => void answered.push(answer),
    acknowledged: progress.tick,
    stopping: stopping.signal,
    over,
  }
  // A long run stays within the memory of a small machine.
  const perSecond = Math.min(120, 200_000 / ((minutes ?? 2) * 60))
  const lanes = 6
  const paceMs = (1_000 * lanes * writerPeople.length) / perSecond
  const writers = writerPeople.map(person => openPoolWriter(stage, person, random.fork(person.name), { lanes, paceMs }))
  const readers = [
    ...readerPeople.map((person, n) =>
      openPoolReader(stage, person, random.fork(person.name), { by: n % 2 === 0 ? 'session.sync' : 'room.join' }),
    ),
    ...victims.map((person, n) =>
      openPoolReader(stage, person, random.fork(person.name), {
        by: n % 2 === 0 ? 'room.join' : 'session.sync',
        slot: n % site.slots.length,
      }),
    ),
  ]
  const rights = openRights(site, world.token, churnsOf(world), writerPeople[0]!, random.fork('rights'), fault, over)
  const done = new Map<string, { recoveryMs: number[]; silenceMs: number[] }>()

  /** Faults of one kind of machine, one after the other. */
  async function actor(name: string, kinds: Record<string, PoolFault>, rounds?: number) {
    const course = random.fork(name)
    const names = Object.keys(kinds).filter(kind => kind.includes(only))
    const until = Date.now() + (minutes ?? 0) * 60_000
    for (let round = 0; names.length > 0 && !over.aborted; ) {
      // Each kind comes by turns, in an order of its own in each run.
      for (const kind of shuffled(names, course)) {
        if (minutes === undefined ? round >= (rounds ?? names.length) : Date.now() > until) return
        round += 1
        await sleep(100 + course.below(minutes === undefined ? 700 : 2_000))
        await doOnce(kind, kinds[kind]!, course)
      }
    }
  }

  async function doOnce(kind: string, work: PoolFault, course: Random) {
    const beganAt = now()
    const what = await work(site, course)
    const mendedAt = now()
    await progress.after(mendedAt)
    const times = done.get(kind) ?? { recoveryMs: [], silenceMs: [] }
    done.set(kind, times)
    const recoveryMs = now() - mendedAt
    times.recoveryMs.push(recoveryMs)
    times.silenceMs.push(progress.longestSilenceMs(beganAt))
    const took = `${(mendedAt - beganAt).toFixed()} ms, recovered in ${recoveryMs.toFixed()} ms`
    say(`${beganAt.toFixed()} ${kind} ${what}: ${took}; ${progress.count()} acknowledged`)
  }

  await progress.after(now())
  const { promotion, split } = storeFaults
  if (promotions !== undefined) await actor('store', { promotion, split }, promotions)
  else await Promise.all([actor('store', storeFaults), actor('server', serverFaults)])

  await inTime(patienceMs, 'the end of the changes of rights', rights.end())
  stopping.abort()
  await inTime(patienceMs, 'the writers', Promise.all(writers.map(writer => writer.done)))
  await converge(site, world, readers, fault)
  const tried: PoolTried[] = [...writers.flatMap(writer => writer.tried), ...rights.tried, ...world.tried]
  const kept = await Promise.all(stage.rooms.map(room => readRoom(site, writerPeople[0]!.token, room)))
  for (const reader of readers) await reader.end()
  const reads = readers.flatMap(reader =>
    stage.rooms.map(room => ({ reader: reader.person.name, room, messages: reader.read(room) })),
  )
  const { losses, closings } = rights
  const history = { tried, kept, reads, heard, answered: [...answered, ...rights.answered], losses, closings }
  const faults = [...site.faults, ...findPoolFaults(history)]
  for (const post of writers.flatMap(writer => writer.tried))
    if (post.acknowledged.length === 0) faults.push(`post ${post.clientId} was never answered`)
  return {
    seed,
    recoveries: Object.fromEntries([...done].map(([kind, times]) => [kind, recoveryOf(times)])),
    promotions: ['promotion', 'split'].reduce((sum, kind) => sum + (done.get(kind)?.recoveryMs.length ?? 0), 0),
    posts: tried.length,
    acknowledged: progress.count(),
    retried: tried.filter(post => (post.acknowledged[0]?.attempt ?? 1) > 1).length,
    repeats: tried.filter(post => post.acknowledged[0]?.repeated).length,
    rightChanges: rights.changes(),
    losses: losses.length,
    probes: rights.probes(),
    heard: heard.length,
    resumed: readers.reduce((sum, reader) => sum + reader.connected(), 0),
    seconds: Math.round((Date.now() - startedAt) / 1_000),
    faults,
    ...(faults.length > 0 ? { tails: `${site.errors(20).join('\n')}\n${await site.tails()}` } : {}),
  }
}

function recoveryOf({ recoveryMs, silenceMs }: { recoveryMs: number[]; silenceMs: number[] }): Recovery {
  const sorted = recoveryMs.toSorted((a, b) => a - b)
  return {
    count: sorted.length,
    medianMs: Math.round(sorted[sorted.length >> 1]!),
    longestMs: Math.round(sorted.at(-1)!),
    longestSilenceMs: Math.round(Math.max(...silenceMs)),
  }
}

/** Counts what is acknowledged, and knows the silences between. */
function openProgress() {
  let count = 0
  let lastAt = now()
  const silences: { endedAt: number; ms: number }[] = []
  return {
    tick() {
      const at = now()
      if (at - lastAt > 500) silences.push({ endedAt: at, ms: at - lastAt })
      lastAt = at
      count += 1
    },
    count: () => count,
    /** Until something is acknowledged after `at`. */
    async after(at: number) {
      const deadline = Date.now() + patienceMs
      while (lastAt <= at) {
        if (Date.now() > deadline) throw new Error('nothing is acknowledged any more')
        await sleep(5)
      }
    },
    longestSilenceMs: (since: number) =>
      Math.max(0, ...silences.filter(({ endedAt }) => endedAt > since).map(({ ms }) => ms)),
  }
}

/** With everything mended all servers are ready, and all readers hear what is posted, live. */
async function converge(site: PoolSite, world: World, readers: PoolReader[], fault: (text: string) => void) {
  const rooms = [...world.rooms.values()]
  const until = async (holds: () => boolean | Promise<boolean>, what: () => string) => {
    const deadline = Date.now() + 60_000
    while (!(await holds())) {
      if (Date.now() > deadline) return fault(what())
      await sleep(50)
    }
  }
  for (const [n, slot] of site.slots.entries()) {
    let said = ''
    const isReady = async () => {
      said = await readyText(slot)
      return said.startsWith('200') && !/bus away/.test(said)
    }
    await until(isReady, () => `server ${n} is not ready after everything was mended: ${said}`)
  }
  const late = () => readers.filter(reader => !reader.isLive()).map(reader => reader.person.name)
  await until(
    () => late().length === 0,
    () => `${late().join(', ')} did not get back into all rooms`,
  )
  // From here on nobody asks: what comes, comes live.
  const ends = new Map<string, number>()
  const connected = readers.map(reader => reader.connected())
  for (const room of rooms)
    for (const slot of site.slots) {
      const mine = draftPost('the end', room, 'after all')
      world.tried.push(mine)
      const { clientId, text } = mine
      const answer = await callUntil(slot.url, world.writers[0]!.token, 'message.post', { room, clientId, text })
      mine.answeredAt = now()
      mine.acknowledged.push({ ...answer, attempt: answer.repeated ? 2 : 1 })
      ends.set(room, answer.seq)
    }
  for (const reader of readers)
    for (const [room, end] of ends)
      await until(
        () => reader.read(room).length >= end,
        () => `${reader.person.name} has ${reader.read(room).length} of ${end} in room ${rooms.indexOf(room)}, live`,
      )
  for (const [n, reader] of readers.entries())
    if (reader.connected() !== connected[n])
      fault(`${reader.person.name} had to connect again after everything was mended`)
}

type World = {
  token: string
  writers: PoolPerson[]
  readers: PoolPerson[]
  victims: PoolPerson[]
  /** By what decides who may read them. */
  rooms: Map<'open' | 'wide' | 'list' | 'group' | 'scope' | 'closing', string>
  /** Whose denied members change. */
  category: string
  tried: PoolTried[]
}

async function prepare(site: PoolSite): Promise<World> {
  const url = site.slots[0]!.url
  const { token } = await callUntil(url, '', 'session.signIn', { user: admin, password })
  await callUntil(url, token, 'settings.update', { settings: { trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
  const addPeople = (kind: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, async (_, n): Promise<PoolPerson> => {
        const name = `${kind}${n}@example.com`
        await callUntil(url, token, 'principal.create', { kind: 'user', name, displayName: name, password })
        return { name, token: (await callUntil(url, '', 'session.signIn', { user: name, password })).token }
      }),
    )
  const [writers, readers, victims] = [
    await addPeople('writer', 3),
    await addPeople('reader', 4),
    await addPeople('victim', 3),
  ]
  const addGroup = async (name: string, people: PoolPerson[]) => {
    await callUntil(url, token, 'principal.create', { kind: 'group', name, displayName: name })
    await callUntil(url, token, 'group.update', { group: name, add: people.map(person => person.name) })
  }
  await addGroup('staff', [...writers, ...readers])
  await addGroup('guests', victims)
  const category = async (name: string, allowedMembers: string[]) =>
    (await callUntil(url, token, 'category.create', { name, allowedMembers })).category.id
  const all = await category('all', ['example.com', 'staff', 'guests'])
  const scoped = await category('scoped', ['example.com'])
  const room = async (name: string, more: { category?: string; members?: string[] | null; privacy?: 'secret' } = {}) =>
    (await callUntil(url, token, 'room.create', { category: all, name, members: null, ...more })).room.id
  const rooms: World['rooms'] = new Map([
    ['open', await room('open')],
    ['wide', await room('wide')],
    ['list', await room('list', { privacy: 'secret', members: ['staff', ...victims.map(({ name }) => name)] })],
    ['group', await room('group', { privacy: 'secret', members: ['staff', 'guests'] })],
    ['scope', await room('scope', { category: scoped })],
    ['closing', await room('closing')],
  ])
  return { token, writers, readers, victims, rooms, category: scoped, tried: [] }
}

/** Each right of each victim has one thing that decides it, so that its times are known. */
function churnsOf({ rooms, victims, writers, readers, category }: World): Churn[] {
  const ways = victims.flatMap((person): Churn[] => {
    const { name } = person
    const [list, group, scope] = [rooms.get('list')!, rooms.get('group')!, rooms.get('scope')!]
    const change = (what: 'add' | 'remove') => ({ [what]: [name] })
    return [
      {
        ...{ how: 'member list', room: list, people: [person], verb: 'room.update' },
        ...{ take: { room: list, members: change('remove') }, give: { room: list, members: change('add') } },
      },
      {
        ...{ how: 'group', room: group, people: [person], verb: 'group.update' },
        ...{ take: { group: 'guests', ...change('remove') }, give: { group: 'guests', ...change('add') } },
      },
      {
        ...{ how: 'scope', room: scope, people: [person], verb: 'category.update' },
        take: { category, deniedMembers: change('add') },
        give: { category, deniedMembers: change('remove') },
      },
    ]
  })
  const closing = rooms.get('closing')!
  return [
    ...ways,
    {
      ...{ how: 'disabled', room: closing, people: [...victims, ...readers, ...writers], verb: 'room.update' },
      ...{ take: { room: closing, disabled: true }, give: { room: closing, disabled: false }, closes: true },
    },
  ]
}

async function readRoom(site: PoolSite, token: string, room: string): Promise<KeptRoom> {
  const messages: Kept[] = []
  for (;;) {
    const input = { room, after: messages.at(-1)?.seq ?? 0, limit: 500 }
    const page = await callUntil(site.slots[0]!.url, token, 'message.list', input)
    messages.push(...(page.messages as Kept[]).map(({ seq, at, clientId, text }) => ({ seq, at, clientId, text })))
    if (page.messages.length === 0) return { room, lastSeq: page.lastSeq, messages }
  }
}

function shuffled<T>(from: T[], random: Random): T[] {
  const left = [...from]
  return from.map(() => left.splice(random.below(left.length), 1)[0]!)
}

function textOption(args: readonly string[], name: string): string | undefined {
  const place = args.indexOf(`--${name}`)
  return place < 0 ? undefined : args[place + 1]
}

if (import.meta.main) {
  const args = process.argv.slice(2)
  const seed = numberOption(args, 'seed', Date.now() % 2 ** 31)
  const minutes = args.includes('--minutes') ? numberOption(args, 'minutes', 1) : undefined
  const promotions = args.includes('--promotions') ? numberOption(args, 'rounds', 10) : undefined
  console.log(`seed ${seed}`)
  const report = await runPoolFuzz({
    ...{ seed, minutes, promotions, only: textOption(args, 'only') },
    ...(args.includes('--one-host') ? { hosts: 1, hasBus: false } : {}),
    say: console.log,
  })
  const { tails, ...rest } = report
  if (tails) console.log(tails)
  console.log(JSON.stringify(rest, null, 2))
  process.exitCode = report.faults.length > 0 ? 1 : 0
}
