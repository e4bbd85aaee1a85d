import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { tellAlive, tellGone } from '../chat/presence.ts'

/** The other processes of the pool, as far as the bus says. */
export type Members = {
  all(): string[]
  /** Something came from it. */
  heard(member: string, hello?: boolean): void
  /** It is dead, or said goodbye. */
  forget(member: string): void
  /** The store says that it is dead. */
  forgetSilent(member: string): void
  /** Begins to speak: whoever hears it answers, so the owner listens before. */
  start(): void
  stop(): Promise<void>
}

export type MembersOptions = {
  aliveMs?: number
  silentMs?: number
  found(member: string): void
  lost(member: string): void
  /** Others may have said anything meanwhile: the bus was away. */
  back(): void
}

const aliveMs = 1_000
/** Who says nothing for so long is taken as dead. A busy machine's garbage collection takes seconds. */
const silentMs = 20_000
/** Who was heard in so many of its beats is not dead, whatever the store says: a busy one is late with that. */
const freshBeats = 3
/** Looks at the bus a little more often than it speaks. */
const looksPerAlive = 4

export function openMembers(chat: Chat, options: MembersOptions): Members {
  const everyMs = options.aliveMs ?? aliveMs
  const patienceMs = options.silentMs ?? silentMs
  const heardAt = new Map<string, number>()
  const isConnected = () => chat.bus.isConnected?.() ?? true
  const gapsSoFar = () => chat.bus.gaps?.() ?? 0
  let connected = isConnected()
  let gaps = gapsSoFar()
  let lookedAt = performance.now()
  let toldAt = Number.NEGATIVE_INFINITY

  async function look() {
    const now = performance.now()
    // Whoever did not listen himself takes nobody's silence for death.
    const stoodStill = now - lookedAt > patienceMs / 2
    // Away and back between two looks is away, too: a process that stood still is cut off, and back before it looks.
    const isBack = isConnected() && (!connected || gaps !== gapsSoFar())
    connected = isConnected()
    gaps = gapsSoFar()
    lookedAt = now
    if (!connected) return
    // What was sent meanwhile waits to be read: asking everybody everything would keep a busy process busy.
    if (isBack || stoodStill) for (const member of heardAt.keys()) heardAt.set(member, now)
    if (isBack) options.back()
    if (isBack || now - toldAt >= everyMs) {
      tellAlive(chat, isBack || toldAt < 0)
      toldAt = now
    }
    for (const [member, at] of heardAt) if (now - at > patienceMs) forget(member)
  }

  function forget(member: string) {
    if (heardAt.delete(member)) options.lost(member)
  }

  let looking: Running | undefined

  return {
    all: () => [...heardAt.keys()],
    heard(member, hello) {
      if (member === chat.member) return
      const isNew = !heardAt.has(member)
      heardAt.set(member, performance.now())
      if (isNew) options.found(member)
      // Who is new here may not know of this one either, and would take it as absent until it speaks next.
      if (hello) tellAlive(chat, false)
    },
    forget,
    forgetSilent(member) {
      const at = heardAt.get(member)
      if (at !== undefined && performance.now() - at > freshBeats * everyMs) forget(member)
    },
    start() {
      looking ??= repeatEvery(everyMs / looksPerAlive, look, error =>
        chat.log.error({ err: error }, 'the look at the pool failed'),
      )
    },
    async stop() {
      await looking?.stop()
      tellGone(chat)
    },
  }
}
