import { keep, readKept } from './kept.ts'
import { createStore } from './store.ts'

/** What was published when this editing began: 0 where nothing was. */
export type Base = { version: number; mark?: string | undefined; text: string }
export type EditState = {
  text: string
  base: Base
  past: readonly string[]
  future: readonly string[]
  /** False where the browser would not keep it over a reload. */
  isKept: boolean
}
type Kept = { text: string; base: Base }

const maxSteps = 200
/** Letters that follow each other so soon are taken back together. */
const togetherMs = 1_500

export const nothing: Base = { version: 0, text: '' }

/** A topology while somebody edits it. It stays in this browser over a reload, for him alone. */
export function createTopologyEdit(user: string, now: () => number = Date.now) {
  const key = `pchat.topology.${user}`
  const kept = readKept<Kept | undefined>(key, undefined, isKept)
  const state = createStore<EditState>({
    ...(kept ?? { text: '', base: nothing }),
    ...{ past: [], future: [], isKept: true },
  })
  let last = { group: '', at: 0 }

  function put(next: Omit<EditState, 'isKept'>): void {
    const { text, base } = next
    const isStored = keep(key, text === base.text ? undefined : ({ text, base } satisfies Kept))
    state.set({ ...next, isKept: isStored })
  }

  return {
    state,
    /** What is typed at one place (`group`) is one step back. */
    set(text: string, group = ''): void {
      const { text: before, base, past } = state.get()
      if (text === before) return
      const isTogether = group !== '' && group === last.group && now() - last.at < togetherMs && past.length > 0
      last = { group, at: now() }
      put({ text, base, past: isTogether ? past : [...past, before].slice(-maxSteps), future: [] })
    },
    undo(): void {
      const { text, base, past, future } = state.get()
      const before = past.at(-1)
      if (before === undefined) return
      last = { group: '', at: 0 }
      put({ text: before, base, past: past.slice(0, -1), future: [text, ...future] })
    },
    redo(): void {
      const { text, base, past, future } = state.get()
      const [after, ...rest] = future
      if (after === undefined) return
      last = { group: '', at: 0 }
      put({ text: after, base, past: [...past, text], future: rest })
    },
    /** Begins from what is published; what was typed can be had back. */
    take(base: Base): void {
      const { text, past } = state.get()
      const isNew = text !== base.text && text !== ''
      put({ text: base.text, base, past: isNew ? [...past, text] : past, future: [] })
    },
    /** Goes on with what was typed, on another version than it was begun on. */
    rebase(base: Base): void {
      put({ ...state.get(), base })
    },
  }
}

export type TopologyEdit = ReturnType<typeof createTopologyEdit>

function isKept(value: unknown): value is Kept | undefined {
  if (typeof value !== 'object' || value === null) return false
  const { text, base } = value as Partial<Kept>
  return (
    typeof text === 'string' &&
    typeof base === 'object' &&
    typeof base?.text === 'string' &&
    Number.isInteger(base.version)
  )
}

/** What is published, and what somebody has before him: whether he may just go on. */
export function standing({ text, base }: EditState, published: Base | undefined): 'same' | 'follow' | 'conflict' {
  if (published === undefined) return 'same'
  if (published.version === base.version && (published.version === 0 || published.mark === base.mark)) return 'same'
  return text === base.text || text === published.text ? 'follow' : 'conflict'
}
