import { keep, keptText, readKept } from './kept.ts'
import { createStore } from './store.ts'

/** What was published when this editing began: 0 where nothing was. */
export type Base = { version: number; mark?: string | undefined; text: string }
export type EditState = {
  text: string
  base: Base
  past: readonly string[]
  future: readonly string[]
  /** What was typed before another version was taken over; Undo brings it back, after a reload too. */
  aside?: string | undefined
  /** False where the browser would not keep it over a reload. */
  isKept: boolean
  /** The text is another one because it was taken over, and not because somebody edits it here. */
  isTaken: boolean
  /** What another tab of this browser has done with it; empty where nothing is to be said. */
  told: string
}
type Kept = { text: string; base: Base; aside?: string | undefined }

const maxSteps = 200
/** Letters that follow each other so soon are taken back together. */
const togetherMs = 1_500

export const nothing: Base = { version: 0, text: '' }

const fromElsewhere = 'What is typed in another tab of this browser is shown here as well.'
const endedElsewhere =
  'Another tab of this browser has published or discarded what was typed, or set it aside. Undo brings back what stood here.'

function keyOf(user: string): string {
  return `pchat.topology.${user}`
}

/** Who signs out leaves nothing of it to whoever has this browser after him. */
export function forgetTopology(user: string): void {
  keep(keyOf(user), undefined)
}

/**
 * A topology while somebody edits it. It stays in this browser over a reload, for him alone. All his tabs edit the one text: what one
 * writes the others show, and none writes over what it has not shown.
 */
export function createTopologyEdit(user: string, now: () => number = Date.now) {
  const key = keyOf(user)
  /** What stands there as far as this tab knows. */
  let known = keptText(key)
  const begun: Kept = readKept<Kept | undefined>(key, undefined, isKept) ?? { text: '', base: nothing }
  const state = createStore<EditState>({
    ...{ ...begun, future: [], isKept: true, isTaken: true, told: '' },
    past: begun.aside === undefined || begun.aside === begun.text ? [] : [begun.aside],
  })
  let last = { group: '', at: 0 }

  type Next = Pick<EditState, 'text' | 'base' | 'past' | 'future' | 'aside'>
  function put(next: Next, isTaken = false): void {
    const there = keptText(key)
    if (there !== undefined && there !== known) {
      // Another tab was quicker than the word of it.
      if (state.get().isKept) adopt(next.text)
      else state.set({ ...next, isKept: false, isTaken, told: '' })
      return
    }
    const { text, base, aside } = next
    const isWorth = text !== base.text || aside !== undefined
    const isStored = keep(key, isWorth ? ({ text, base, aside } satisfies Kept) : undefined)
    known = keptText(key)
    state.set({ ...next, isKept: isStored, isTaken, told: '' })
  }

  /** Shows what another tab has written; `mine` is one step back. */
  function adopt(mine: string): void {
    const { base: own, past, text: before } = state.get()
    known = keptText(key)
    const { text, base, aside } = readKept<Kept | undefined>(key, undefined, isKept) ?? { text: own.text, base: own }
    const isEnd = text === base.text
    const isTogether = !isEnd && last.group === key && now() - last.at < togetherMs && mine === before
    last = { group: key, at: now() }
    const isTyped = mine !== '' && mine !== text && mine !== own.text && !isTogether
    const steps = isTyped ? [...past, mine].slice(-maxSteps) : past
    const told = text === before ? '' : isEnd ? endedElsewhere : fromElsewhere
    const isTaken = base.version !== own.version || base.mark !== own.mark
    state.set({ ...{ text, base, aside, past: steps, future: [], told }, isKept: true, isTaken })
  }

  function begin(base: Base, aside: string | undefined, isStep = true): void {
    const { text, past } = state.get()
    const isNew = isStep && text !== base.text && text !== ''
    last = { group: '', at: 0 }
    put({ ...{ text: base.text, base, aside, future: [] }, past: isStep ? (isNew ? [...past, text] : past) : [] }, true)
  }

  return {
    state,
    /** Hears of other tabs until it is called off. */
    listen(): () => void {
      const look = () => {
        if (state.get().isKept && keptText(key) !== known) adopt(state.get().text)
      }
      const hear = ({ key: changed }: StorageEvent) => changed === key && look()
      addEventListener('storage', hear)
      look()
      return () => removeEventListener('storage', hear)
    },
    /** What is typed at one place (`group`) is one step back. */
    set(text: string, group = ''): void {
      const { text: before, base, past, aside } = state.get()
      if (text === before) return
      const isTogether = group !== '' && group === last.group && now() - last.at < togetherMs && past.length > 0
      last = { group, at: now() }
      put({ text, base, aside, past: isTogether ? past : [...past, before].slice(-maxSteps), future: [] })
    },
    undo(): void {
      const { text, base, past, future, aside } = state.get()
      const before = past.at(-1)
      if (before === undefined) return
      last = { group: '', at: 0 }
      put({ text: before, base, aside, past: past.slice(0, -1), future: [text, ...future] })
    },
    redo(): void {
      const { text, base, past, future, aside } = state.get()
      const [after, ...rest] = future
      if (after === undefined) return
      last = { group: '', at: 0 }
      put({ text: after, base, aside, past: [...past, text], future: rest })
    },
    /** Begins from what is published, or what somebody has: of what was typed before only Undo knows, and only here. */
    take(base: Base): void {
      begin(base, undefined)
    },
    /** The same, and what was typed before is kept with it. */
    takeOver(base: Base): void {
      begin(base, state.get().text || undefined)
    },
    /** Goes along with what is published, where nothing was typed. Older steps would stand on it without a word, and Undo take back what others did. */
    follow(base: Base): void {
      begin(base, state.get().aside, false)
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
  const { text, base, aside } = value as Partial<Kept>
  return (
    typeof text === 'string' &&
    ['string', 'undefined'].includes(typeof aside) &&
    typeof base === 'object' &&
    typeof base?.text === 'string' &&
    Number.isInteger(base.version)
  )
}

/**
 * What is published, and what somebody has before him: whether he may just go on. Only something newer is followed: where an older
 * version or none stands there, or another one of that number, the store was restored, and his text may be the last of its kind.
 */
export function standing(
  { text, base }: Pick<EditState, 'text' | 'base'>,
  published: Base | undefined,
): 'same' | 'follow' | 'conflict' {
  if (published === undefined) return 'same'
  if (published.version === base.version && (published.version === 0 || published.mark === base.mark)) return 'same'
  if (text === published.text) return 'follow'
  return text === base.text && published.version > base.version ? 'follow' : 'conflict'
}
