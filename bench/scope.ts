import type { Input } from '../src/protocol/request.ts'
import { type Bench, progress, type Row } from './figures.ts'
import { groupId, openModel, sessionToken } from './load/model.ts'
import { provision } from './load/provision.ts'
import { type Site, startSite } from './load/site.ts'
import { half, readSizes, seedScope, thousand } from './scope-seed.ts'
import { openScopeSession, type ScopeSession } from './scope-session.ts'

const USERS = 80_000
const ENTRIES = 2_000_000
const SERVERS = 2
const AT_ONCE = 32
const QUIET_MS = 3_000
const PATIENCE_MS = 120_000

/** Scopes of one category that holds all rooms: what a simulation costs, and how long a change takes to be true everywhere. */
export const benchScope: Bench = {
  title:
    'A category with 2,000,000 entries over 33,077 rooms: a simulation of its scope, and a change of it until every server has shut out whom it shuts out',
  async run({ runs, users, sessions }) {
    const scale = users / USERS
    const model = openModel({ scale, endpoints: 1, seed: 1 })
    const site = await startSite({ servers: SERVERS, workers: 1 })
    try {
      await site.asAdmin('settings.update', { settings: { admissionsPerSecond: 1e6, admissionBurst: 1e6 } })
      progress('the site is up')
      await provision(site, model)
      progress('the model is in the store')
      const { categories } = await site.asAdmin('category.list', {})
      const category = categories.find(one => one.name === 'Load')!.id
      await seedScope(site, model, category, Math.round(ENTRIES * scale))
      const sizes = await readSizes(site, category)
      progress(JSON.stringify(sizes))
      const some = Math.min(sessions[0]!, model.users)
      const live = await openSessions(site, some, model.users)
      progress(`${live.length} sessions hear ${live.reduce((sum, one) => sum + one.rooms, 0)} rooms`)
      const rows: Row[][] = []
      for (const [name, change] of changes) rows.push(await measure(name, change, { site, category, live, runs }))
      for (const session of live) session.end()
      return rows
    } finally {
      await site.stop()
    }
  },
}

type Lists = Pick<Input<'category.update'>, 'allowedMembers' | 'deniedMembers'>
type Change = { lists: Lists; isOut(user: number): boolean }

const usual: Lists = { allowedMembers: ['example.com', 'Load'], deniedMembers: [] }
const changes: [string, Change][] = [
  ['deny a group of 1,000', { lists: { deniedMembers: [groupId(thousand)] }, isOut: user => user % 80 === 0 }],
  ['deny a group of half', { lists: { deniedMembers: [groupId(half)] }, isOut: user => user % 2 === 0 }],
  ['allow nobody', { lists: { allowedMembers: [] }, isOut: () => true }],
]

/** Spread over the servers, and over the users. */
async function openSessions(site: Site, count: number, users: number): Promise<ScopeSession[]> {
  const live: ScopeSession[] = []
  // Odd, so that both halves are among them.
  const step = Math.floor(users / count / 2) * 2 + 1
  const open = async (place: number) => {
    const user = place * step
    const { port } = site.servers[place % SERVERS]!
    live.push(await openScopeSession(port, `127.0.1.${1 + (place % 200)}`, sessionToken(user), user))
  }
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) await open(next++)
    }),
  )
  return live
}

type Place = { site: Site; category: string; live: ScopeSession[]; runs: number }

async function measure(name: string, change: Change, place: Place): Promise<Row[]> {
  const rows: Row[] = []
  for (let run = 0; run < place.runs; run += 1) {
    const narrow = await simulate(place, change.lists)
    const took = run === 0 ? await takeEffect(place, change) : undefined
    if (run > 0) await place.site.asAdmin('category.update', { category: place.category, ...change.lists })
    const wide = await simulate(place, usual)
    await place.site.asAdmin('category.update', { category: place.category, ...usual })
    const row = { change: name, ...narrow, 'back: s': wide.s, 'back: regained': wide.regained, ...(took ?? {}) }
    progress(JSON.stringify(row))
    if (took) await rejoin(place, change)
    rows.push(row)
  }
  // What is measured once stands in every row.
  return rows.map(row => ({ ...rows[0]!, ...row }))
}

async function simulate({ site, category }: Place, lists: Lists) {
  const beganAt = performance.now()
  let { simulation } = await site.asAdmin('category.simulate', { category, ...lists })
  while (simulation.state === 'running')
    simulation = (await site.asAdmin('category.simulation', { simulation: simulation.id })).simulation
  if (!simulation.result) throw new Error(simulation.reason)
  const { gains, loses, entryCount, roomCount, partly, regained } = simulation.result
  return {
    s: (performance.now() - beganAt) / 1000,
    people: gains.users + loses.users,
    entries: entryCount,
    rooms: roomCount,
    partly: partly.entryCount,
    regained: regained.entryCount,
  }
}

/** From asking for the change until everybody whom it shuts out has been told so in all his rooms, and nobody else. */
async function takeEffect({ site, category, live }: Place, change: Change): Promise<Row> {
  for (const session of live) Object.assign(session, { closed: 0, closedAt: 0, changed: 0 })
  const out = live.filter(session => change.isOut(session.user))
  const wanted = out.reduce((sum, session) => sum + session.rooms, 0)
  const beganAt = performance.now()
  await site.asAdmin('category.update', { category, ...change.lists })
  const answeredAt = performance.now()
  const closed = () => out.reduce((sum, session) => sum + session.closed, 0)
  while (closed() < wanted && performance.now() - beganAt < PATIENCE_MS) await pause(20)
  const lastAt = Math.max(...out.map(session => session.closedAt))
  await pause(QUIET_MS)
  const others = live.filter(session => !change.isOut(session.user))
  const wrong = others.reduce((sum, session) => sum + session.closed, 0)
  if (closed() !== wanted || wrong > 0)
    throw new Error(`${closed()} of ${wanted} rooms were closed, and ${wrong} of those who stay`)
  return {
    'sessions out': out.length,
    'rooms closed': wanted,
    'answer s': (answeredAt - beganAt) / 1000,
    'everywhere s': (lastAt - beganAt) / 1000,
  }
}

/** Who was shut out comes back into his rooms, on a session of his own. */
async function rejoin({ site, live }: Place, change: Change): Promise<void> {
  await pause(QUIET_MS)
  for (const [index, session] of live.entries()) {
    if (!change.isOut(session.user)) continue
    session.end()
    const { port } = site.servers[index % SERVERS]!
    live[index] = await openScopeSession(port, '127.0.1.1', sessionToken(session.user), session.user)
  }
  await pause(QUIET_MS)
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
