import type { Message } from '../../../src/protocol/message.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { Room } from '../../../src/protocol/room.ts'
import type { PostContent, Verdict } from './post-verdict.ts'

/**
 * What this window and the page of an add-in say to each other, over a port that the page is given once (docs/add-ins.md). The page is
 * somebody else's: what it says is looked at, and what does not fit is passed over.
 */

type ToAddin =
  | { type: 'room'; room: Room; me: Principal }
  | { type: 'message'; message: Message }
  | { type: 'removed'; seq: number; text?: string }
  | { type: 'historyChanged'; fromSeq: number; throughSeq: number }
  | { type: 'outgoing'; id: number; post: Omit<PostContent, 'room'> }
  | { type: 'answer'; id: unknown; result: object }
  | { type: 'answer'; id: unknown; error: { code: string; message: string } }

export type AddinPort = {
  postMessage(message: ToAddin): void
  onmessage: ((event: { data: unknown }) => void) | null
  close(): void
}

/** What the page may ask for, with the user's own rights. */
export type AddinRequests = {
  history(range: { before?: number; limit?: number }): Promise<object>
  post(content: Omit<PostContent, 'room'>): Promise<object>
}

export type AddinBridge = {
  tell(news: ToAddin): void
  /** Passed at once where the page wants no say, after four seconds, and where the page goes meanwhile. */
  judge(content: PostContent): Promise<Verdict>
  /** A page was loaded that may be another: if it does not answer the next question, it is. */
  suspect(): void
  close(): void
}

const verdictMs = 4_000
/** Requests of the page that may wait for answers: the server counts them as the user's. */
const maxAsked = 8
const passed: Verdict = { verdict: 'Passed' }

export type BridgeOptions = {
  /** The page wants to be asked about what the user posts. */
  judges: boolean
  /** The page that was connected is not there any more. */
  onLost?: () => void
  /** Whether it may be gone: nothing but what the page says tells that it is there, and one that wants no say may never speak. */
  onDoubt?: (isDoubtful: boolean) => void
  waitMs?: number
}

export function openBridge(port: AddinPort, requests: AddinRequests, options: BridgeOptions): AddinBridge {
  const { judges, onLost, onDoubt, waitMs = verdictMs } = options
  let isSuspect = false
  const judging = new Map<number, (verdict: Verdict) => void>()
  let asked = 0
  let lastId = 0

  function hear(data: unknown): void {
    if (typeof data !== 'object' || data === null) return
    if (isSuspect) onDoubt?.(false)
    isSuspect = false
    const said = data as Record<string, unknown>
    if (said.type === 'verdict') {
      const verdict = readVerdict(said)
      if (verdict) judging.get(said.id as number)?.(verdict)
    } else if (said.type === 'history') void answer(said.id, () => requests.history(readRange(said)))
    else if (said.type === 'post') void answer(said.id, () => requests.post(readPost(said)))
  }

  async function answer(id: unknown, ask: () => Promise<object>): Promise<void> {
    if (asked >= maxAsked)
      return port.postMessage({
        ...{ type: 'answer', id },
        error: { code: 'rate_limited', message: 'Too many requests are under way. Wait for answers.' },
      })
    asked += 1
    try {
      port.postMessage({ type: 'answer', id, result: await ask() })
    } catch (error) {
      const { code = 'client', message } = error as { code?: string; message: string }
      port.postMessage({ type: 'answer', id, error: { code, message } })
    } finally {
      asked -= 1
    }
  }

  port.onmessage = event => hear(event.data)
  return {
    tell: news => port.postMessage(news),
    suspect() {
      isSuspect = true
      onDoubt?.(true)
    },
    judge({ room: _, ...post }) {
      if (!judges) return Promise.resolve(passed)
      lastId += 1
      const id = lastId
      return new Promise(resolve => {
        const decide = (verdict: Verdict) => {
          clearTimeout(timer)
          judging.delete(id)
          resolve(verdict)
        }
        const timer = setTimeout(() => {
          decide(passed)
          if (isSuspect) onLost?.()
        }, waitMs)
        judging.set(id, decide)
        port.postMessage({ type: 'outgoing', id, post })
      })
    },
    close() {
      port.onmessage = null
      port.close()
      for (const decide of [...judging.values()]) decide(passed)
    },
  }
}

/** Undefined where it is none: as if the page had said nothing. */
function readVerdict(said: Record<string, unknown>): Verdict | undefined {
  const { verdict, reason } = said
  if (verdict === 'Passed') return passed
  if (verdict === 'Canceled')
    return { verdict, reason: typeof reason === 'string' && reason.trim() !== '' ? reason.slice(0, 500) : undefined }
  if (verdict !== 'Replaced' || typeof said.text !== 'string' || said.text.trim() === '') return undefined
  return { verdict, change: readPost(said) }
}

function readPost(said: Record<string, unknown>): Omit<PostContent, 'room'> & Partial<PostContent> {
  const { text, title, format, alert } = said
  return {
    text: typeof text === 'string' ? text : '',
    ...(typeof title === 'string' ? { title } : {}),
    ...(format === 'plain' || format === 'markdown' ? { format } : {}),
    ...(typeof alert === 'boolean' ? { alert } : {}),
  } as Omit<PostContent, 'room'>
}

function readRange({ before, limit }: Record<string, unknown>): { before?: number; limit?: number } {
  return {
    ...(typeof before === 'number' ? { before } : {}),
    ...(typeof limit === 'number' ? { limit } : {}),
  }
}
