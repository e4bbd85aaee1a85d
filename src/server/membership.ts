import { repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { beatFrontEnd, endFrontEnd } from '../store/front-end.ts'
import { beat, deadAfterMs, endProcess, readPool, registerServer, type SeenPool } from '../store/server.ts'

/** How often the pool is looked at: a change of the active servers is in force everywhere within this time. */
const lookMs = 1_000
/** A beat costs the store a row, so it is not written at each look; a tenth of what makes a process dead is left for delays. */
const beatMs = 3_000

/** A look that comes so late says that the store was away, or this process stood still. */
const awayMs = 3_000

export type MembershipOptions = {
  /** The server's name in its pool; several processes may serve under one. */
  server: string
  /** WebSocket address for clients; of a Front End Server the address of its pages. */
  url: () => string
  /** Of a Front End Server, which is none of the pool's servers: whether it takes files. */
  frontEnd?: { takesFiles: () => boolean } | undefined
  program: string
  sessions: () => number
  /** Version of the settings under which all that happens here is recorded; 0 where it is not. */
  records?: () => number
  /** A process of the pool is dead, or has said goodbye. */
  onGone: (member: string) => void
}

/** This process among the others of its pool, by way of the store: tells that it lives, knows who else does and who is active. */
export type Membership = {
  /** WebSocket addresses of servers that take sessions, this one's first. */
  servers(): string[]
  /** Those of all servers that the pool knows of, also on stand-by, going or away: where sessions may be some time. */
  known(): string[]
  /** False where an administrator took this server out of the active ones. */
  takesSessions(): boolean
  state(): SeenPool['state']
  /** Tells the others that it serves, once it has an address. */
  announce(): Promise<void>
  /** From the next look on the others send nobody here. */
  drain(): Promise<void>
  stop(): Promise<void>
}

export async function openMembership(chat: Chat, options: MembershipOptions): Promise<Membership> {
  const { server, program, frontEnd } = options
  let draining = false
  let beatAt = Number.NEGATIVE_INFINITY
  let told = 0
  const recording = options.records ?? (() => 0)
  if (!frontEnd) await registerServer(chat.db, server)
  let pool = await readPool(chat.db)
  let lookedAt = performance.now()
  /** Until then nobody counts as dead: while the store was away nobody could beat. */
  let mildUntil = Number.NEGATIVE_INFINITY
  let living = new Set<string>()
  const isActive = () => !frontEnd && pool.servers.some(one => one.name === server && one.active)

  async function look() {
    const before = isActive()
    chat.metrics.busAway.set(chat.bus.isConnected?.() === false ? 1 : 0)
    const seen = await readPool(chat.db)
    const now = performance.now()
    if (now - lookedAt > awayMs) mildUntil = now + deadAfterMs
    lookedAt = now
    if (now < mildUntil)
      for (const one of seen.servers.flatMap(server => server.processes)) one.alive ||= living.has(one.id)
    pool = seen
    const alive = pool.servers.flatMap(one => one.processes).filter(one => one.alive)
    chat.metrics.poolProcesses.set(alive.length)
    chat.metrics.active.set(isActive() ? 1 : 0)
    if (before !== isActive()) chat.log.info({ server }, isActive() ? 'this server is active' : 'this server stands by')
    const ids = new Set(alive.map(one => one.id))
    for (const member of living) if (!ids.has(member) && member !== chat.member) options.onGone(member)
    living = ids
    // At once after a change: whoever made it sees from the beats that it is in force.
    if (performance.now() - beatAt >= beatMs || before !== isActive() || told !== recording()) await write()
  }

  async function write() {
    const url = options.url()
    if (url === '') return
    const records = recording()
    const own = { id: chat.member, server, url, program, draining, records }
    if (frontEnd) await beatFrontEnd(chat.db, { ...own, takesFiles: frontEnd.takesFiles() })
    else await beat(chat.db, { ...own, sessions: options.sessions() })
    told = records
    beatAt = performance.now()
  }

  const looking = repeatEvery(lookMs, look, error => chat.log.warn({ err: error }, 'the pool waits for the store'))

  return {
    servers() {
      const alive = pool.servers
        .filter(one => one.active)
        .flatMap(one => one.processes.filter(process => process.alive && !process.draining))
      const own = isActive() && !draining ? [options.url()] : []
      return [...new Set([...own, ...alive.map(process => process.url)])]
    },
    known: () => [...new Set(pool.servers.flatMap(one => one.processes.map(process => process.url)))],
    takesSessions: () => !draining && isActive(),
    state: () => pool.state,
    announce: write,
    async drain() {
      draining = true
      await write().catch(() => {})
    },
    async stop() {
      await looking.stop()
      await (frontEnd ? endFrontEnd : endProcess)(chat.db, chat.member).catch(() => {})
    },
  }
}
