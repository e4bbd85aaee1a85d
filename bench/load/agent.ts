// A process that holds sessions and does with them what the coordinator tells it, over the channel between the two.
import { type Actions, openActions } from './actions.ts'
import { arrivalsOf, type Work } from './behaviour.ts'
import { type Arrivals, openChance, startArrivals } from './chance.ts'
import { openDeliveryReader } from './delivery.ts'
import { type Hearing, openHearing } from './hearing.ts'
import { type Lines, openLines } from './lines.ts'
import { type Model, type ModelOptions, openModel, userName } from './model.ts'
import { nowUs } from './post-text.ts'
import { openPosting, type Posting } from './posting.ts'
import { openPresence, type Presence } from './presence.ts'
import type { PostCounts } from './report.ts'
import { openRoomTable, type RoomTable } from './room-table.ts'
import { openTimings, type TimingData, type Timings } from './timings.ts'
import type { Acknowledged, Evidence } from './verdict.ts'

export type AgentOptions = {
  process: number
  processes: number
  model: ModelOptions
  /** WebSocket addresses. */
  servers: string[]
  run: number
}
export type AgentStatus = { in: number; coming: number; deliveries: number; posts: PostCounts; unsettled: number }
export type AgentResult = {
  evidence: Evidence
  timings: TimingData[]
  probes: number
  faults: [text: string, times: number][]
}

export type AgentOrders = {
  begin: { in: AgentOptions; out: { sessions: number } }
  phase: { in: { name: string }; out: object }
  /** Brings in sessions `from` to `to` (of this process), `atOnce` at a time, or so many a second. */
  bringIn: {
    in: { from: number; to: number; atOnce: number; perSecond: number | undefined; passwordShare: number }
    out: object
  }
  work: { in: Work; out: object }
  /** Nothing begins any more; resolves when no post is under way, or after `withinMs`. */
  rest: { in: { withinMs: number }; out: object }
  status: { in: object; out: AgentStatus }
  /** What this user's sessions hear of the room is kept; answers which sessions of the run these are. */
  watch: { in: { user: number; room: number; on: boolean }; out: { sessions: number[] } }
  /** One post by somebody of this process, where there is one who may. */
  postInto: { in: { room: number }; out: { posted: Acknowledged | undefined } }
  /** Places that sessions have not heard, given how far each room goes and who is put out of which room. */
  behind: { in: { ends: Float64Array; out: { user: number; room: number }[] }; out: { places: number; away: number } }
  result: { in: { ends: Float64Array; out: { user: number; room: number }[] }; out: AgentResult }
  end: { in: object; out: object }
}
export type AgentOrder = keyof AgentOrders

type Agent = {
  options: AgentOptions
  model: Model
  sessions: number
  lines: Lines
  hearing: Hearing
  presence: Presence
  posting: Posting
  actions: Actions
  timings: Timings
  faults: Map<string, number>
  arrivals: Arrivals | undefined
}

const deliveryKinds = { small: 'delivery small', medium: 'delivery medium', large: 'delivery large' } as const
let agent: Agent

function openAgent(options: AgentOptions): Agent {
  const model = openModel(options.model)
  const { process: place, processes } = options
  const sessions = Math.floor((model.sessions - place + processes - 1) / processes)
  const globalOf = (session: number) => session * processes + place
  const userOf = (session: number) => model.userOf(globalOf(session))
  const chance = openChance(options.model.seed * 1_000 + place)
  const rooms = openRoomTable(model.rooms)
  const hearing = openHearing(sessions)
  for (let session = 0; session < sessions; session += 1)
    for (const room of model.roomsOf(userOf(session))) hearing.own(session, room)
  const timings = openTimings()
  const faults = new Map<string, number>()
  const fault = (text: string) => void faults.set(text, (faults.get(text) ?? 0) + 1)
  const lines: Lines = openLines({
    sessions,
    localAddressOf: session => `127.0.${10 + place}.${1 + (session % 8)}`,
    posted: openEar(model, rooms, hearing, timings),
    opened: (session, room) => reenter(session, rooms.numberOf(room)),
    closed: (session, room) => hearing.shutOut(session, rooms.numberOf(room)),
    ended: (session, code) => presence.ended(session, code),
  })
  const presence: Presence = openPresence({
    ...{ sessions, lines, hearing, timings, rooms, fault, globalOf, servers: options.servers },
    nameOf: session => userName(userOf(session)),
    // Each process has sessions at each server.
    homeOf: session => (session + place) % options.servers.length,
    random: Math.random,
  })
  const posting = openPosting({ process: place, run: options.run, lines, presence, hearing, timings, rooms, fault })
  const sessionsOfUser = openSessionsOfUser(sessions, userOf)
  const actions = openActions({
    ...{ sessions, model, chance, lines, presence, hearing, posting, timings, rooms, userOf, sessionsOfUser, fault },
  })

  /** As the client library does where it had the room open. */
  function reenter(session: number, room: number): void {
    if (!hearing.isOutside(session, room)) return
    lines
      .ask(session, 'room.join', { room: rooms.idOf(room), history: 0 }, result =>
        hearing.joined(session, room, result),
      )
      .catch(error => fault(`coming in again: ${error.message}`))
  }

  return {
    ...{ options, model, sessions, lines, hearing, presence, posting, actions, timings, faults },
    arrivals: undefined,
  }
}

function openEar(model: Model, rooms: RoomTable, hearing: Hearing, timings: Timings) {
  const read = openDeliveryReader(rooms)
  return (session: number, buffer: Buffer, from: number, to: number) => {
    const delivery = read(buffer, from, to)
    if (hearing.hear(session, delivery) && delivery.number >= 0)
      timings.record(deliveryKinds[model.kindOf(delivery.room)], (nowUs() - delivery.sentUs) / 1000)
  }
}

function openSessionsOfUser(sessions: number, userOf: (session: number) => number): (user: number) => number[] {
  const found = new Map<number, number[]>()
  for (let session = 0; session < sessions; session += 1) {
    const user = userOf(session)
    const known = found.get(user)
    if (known) known.push(session)
    else found.set(user, [session])
  }
  return user => found.get(user) ?? []
}

const carryOut: { [O in AgentOrder]: (order: AgentOrders[O]['in']) => Promise<AgentOrders[O]['out']> } = {
  begin: async options => {
    agent = openAgent(options)
    return { sessions: agent.sessions }
  },
  phase: async ({ name }) => {
    agent.timings.begin(name)
    return {}
  },
  bringIn: async ({ from, to, atOnce, perSecond, passwordShare }) => {
    let next = from
    const startedAt = performance.now()
    const lane = async () => {
      while (next < to) {
        const session = next
        next += 1
        const dueMs =
          perSecond === undefined ? 0 : startedAt + ((session - from) / perSecond) * 1000 - performance.now()
        if (dueMs > 0) await new Promise(resolve => setTimeout(resolve, dueMs))
        // Spread over all, and the same ones in every run.
        const password = ((session * 37) % 100) / 100 < passwordShare
        await agent.presence.bringIn(session, { password })
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, to - from) }, lane))
    return {}
  },
  work: async work => {
    agent.arrivals?.stop()
    const { process: place, processes, model } = agent.options
    const chance = openChance(model.seed * 7_919 + place)
    agent.arrivals = startArrivals(arrivalsOf(work, 1 / processes, agent.actions, agent.sessions), chance)
    return {}
  },
  rest: async ({ withinMs }) => {
    agent.arrivals?.stop()
    const deadline = performance.now() + withinMs
    while (agent.posting.unsettled() > 0 && performance.now() < deadline)
      await new Promise(resolve => setTimeout(resolve, 20))
    return {}
  },
  status: async () => ({
    ...agent.presence.count(),
    deliveries: agent.hearing.counts.deliveries,
    posts: { ...agent.posting.counts },
    unsettled: agent.posting.unsettled(),
  }),
  watch: async ({ user, room, on }) => {
    const sessions = sessionsOf(user)
    for (const session of sessions) (on ? agent.hearing.watch : agent.hearing.unwatch)(session, room)
    return { sessions: sessions.map(session => session * agent.options.processes + agent.options.process) }
  },
  postInto: async ({ room }) => {
    const session = agent.actions.whoMayPost(room)
    return { posted: session === undefined ? undefined : await agent.posting.post(session, room) }
  },
  behind: async order => countBehind(order),
  result: async order => {
    const { counts, contents, watched } = agent.hearing
    const { process: place, processes } = agent.options
    return {
      evidence: {
        counts,
        contents: contents.data(),
        watched: watched.map(heard => ({ ...heard, session: heard.session * processes + place })),
        acknowledged: agent.posting.acknowledged,
        behind: countBehind(order).places,
        told: agent.actions.probes().told,
      },
      timings: agent.timings.data(),
      probes: agent.actions.probes().asked,
      faults: [...agent.faults],
    }
  },
  end: async () => {
    agent.arrivals?.stop()
    agent.presence.stop()
    agent.lines.stop()
    return {}
  },
}

function sessionsOf(user: number): number[] {
  return Array.from({ length: agent.sessions }, (_, session) => session).filter(
    session => agent.model.userOf(session * agent.options.processes + agent.options.process) === user,
  )
}

/** Sessions that are not in have missed what they can still ask for: they are counted, and not blamed. */
function countBehind({ ends, out }: AgentOrders['behind']['in']): { places: number; away: number } {
  const { presence, hearing, model, options } = agent
  const isOut = new Set(out.map(({ user, room }) => `${user}/${room}`))
  const found = { places: 0, away: 0 }
  for (let session = 0; session < agent.sessions; session += 1) {
    if (!presence.isIn(session)) {
      found.away += 1
      continue
    }
    const user = model.userOf(session * options.processes + options.process)
    found.places += hearing.behind(session, ends, room => isOut.has(`${user}/${room}`))
  }
  return found
}

process.on('message', async ({ id, order, input }: { id: number; order: AgentOrder; input: never }) => {
  try {
    process.send?.({ id, out: await carryOut[order](input) })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
process.on('disconnect', () => process.exit())
