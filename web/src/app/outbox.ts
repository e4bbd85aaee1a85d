import type { MessageFormat } from '../../../src/protocol/message.ts'
import { type Fault, faultOf } from './fault.ts'
import { keep, keptTexts } from './kept.ts'
import type { PageLife } from './page-life.ts'
import type { PostContent, Verdict } from './post-verdict.ts'
import { createStore, type Store } from './store.ts'

/** A post on its way. It is kept in localStorage under its client id until the server has answered. */
export type WaitingPost = {
  clientId: string
  room: string
  text: string
  format: MessageFormat
  alert: boolean
  title?: string
  createdAt: string
  state: 'waiting' | 'refused' | 'sent'
  /** Why it was refused. */
  fault?: Fault
  /** The room's add-in has said what it thinks: what may have been sent is not changed any more. */
  isJudged?: true
  /** The page that sends it. */
  page?: string
  /** Where it stands, once sent and not yet seen in the stream. */
  seq?: number
}

/** Answers with the place of the post, rejects where the server refuses it for good; retries by itself meanwhile. */
export type Send = (post: WaitingPost) => Promise<{ seq: number }>

/** Asked once a post, before it is sent for the first time. Never rejects. */
type Judge = (content: PostContent) => Promise<Verdict>

export type Outbox = {
  posts: Store<readonly WaitingPost[]>
  post(content: PostContent): WaitingPost
  retry(clientId: string): void
  /** Takes a refused post off the list, or a sent one that was seen in the stream. */
  drop(clientId: string): void
  /** Sends what pages of this browser have left that are gone; what a page that lives has is its own. */
  resume(): void
}

const passing = new Set(['unavailable', 'rate_limited', 'unauthenticated'])
/** The server forgets client ids after 30 days: an older post could be doubled. */
const retryDays = 29
const tooOld: Fault = {
  code: 'client',
  sentence: 'This waited for more than 29 days and was not sent. Copy the text and post it again.',
}

function isPost(value: unknown): value is WaitingPost {
  if (typeof value !== 'object' || value === null) return false
  const post = value as Partial<WaitingPost>
  return typeof post.clientId === 'string' && typeof post.room === 'string' && typeof post.text === 'string'
}

const passAll: Judge = async () => ({ verdict: 'Passed' })

/** One key a post: two windows of one browser never overwrite each other's. */
function storageKey(user: string, clientId: string): string {
  return `pchat.post.${user}.${clientId}`
}

function readPosts(user: string): WaitingPost[] {
  const posts = keptTexts(storageKey(user, '')).flatMap(text => read(text) ?? [])
  return posts.sort((a, b) => a.createdAt.localeCompare(b.createdAt))
}

function read(text: string): WaitingPost | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isPost(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Without a `page` whatever was kept is its own: where nobody can tell which pages live, better sent twice under one id than never. */
export function createOutbox(user: string, send: Send, judge: Judge = passAll, page?: PageLife): Outbox {
  const posts = createStore<readonly WaitingPost[]>([])
  // Posts of one room wait for each other, so that they stand in the order in which they were written.
  const tails = new Map<string, Promise<void>>()

  /** The page may be another's by now, who is to find it as it was. */
  const isOver = () => page?.signal.aborted === true
  const own = page === undefined ? {} : { page: page.id }

  function change(clientId: string, patch: Partial<WaitingPost>): void {
    posts.update(list => list.map(post => (post.clientId === clientId ? { ...post, ...patch } : post)))
    const post = posts.get().find(one => one.clientId === clientId)
    if (post?.state === 'sent') keep(storageKey(user, clientId), undefined)
    else if (post !== undefined && !isOver()) keep(storageKey(user, clientId), post)
  }

  async function deliver(clientId: string): Promise<void> {
    const post = posts.get().find(one => one.clientId === clientId)
    if (post === undefined || post.state !== 'waiting' || isOver()) return
    try {
      if (Date.now() - Date.parse(post.createdAt) > retryDays * 86_400_000) {
        change(clientId, { state: 'refused', fault: tooOld })
        return
      }
      const passed = post.isJudged ? post : await judged(post)
      if (passed === undefined) return
      const { seq } = await send(passed)
      change(clientId, { state: 'sent', seq })
    } catch (error) {
      const fault = faultOf(error)
      // The window was closed or signed out, which says nothing of the post: it stays for the next page.
      if (!passing.has(fault.code)) change(clientId, { state: 'refused', fault })
    }
  }

  /** What is to be sent of it; undefined where the add-in holds it back. */
  async function judged(post: WaitingPost): Promise<WaitingPost | undefined> {
    const { room, text, format, alert, title } = post
    const verdict = await judge({ room, text, format, alert, ...(title === undefined ? {} : { title }) })
    // Signed out meanwhile: a verdict of a page that goes is none.
    if (isOver()) return undefined
    if (verdict.verdict === 'Canceled') {
      const sentence = `The add-in of this room holds it back${verdict.reason === undefined ? '.' : `: ${verdict.reason}`}`
      change(post.clientId, { state: 'refused', fault: { code: 'client', sentence } })
      return undefined
    }
    const patch = { ...(verdict.verdict === 'Replaced' ? verdict.change : {}), isJudged: true } as const
    // Kept before it is sent: a repeat of the next page must be the same.
    change(post.clientId, patch)
    return { ...post, ...patch }
  }

  function queue(post: WaitingPost): void {
    const tail = tails.get(post.room) ?? Promise.resolve()
    tails.set(
      post.room,
      tail.then(() => deliver(post.clientId)),
    )
  }

  /** Makes what that page has left its own. */
  function take(other: string | undefined): void {
    const left = readPosts(user)
      .filter(post => post.page === other)
      .map(post => ({ ...post, ...own }))
      .filter(post => !posts.get().some(one => one.clientId === post.clientId))
    for (const post of left) keep(storageKey(user, post.clientId), post)
    posts.update(list => [...left, ...list])
    for (const post of left) queue(post)
  }

  /** Pages whose posts were taken, or will be when they end. */
  const seen = new Set<string | undefined>()
  function watch(): void {
    for (const other of readPosts(user).map(post => post.page)) {
      if (seen.has(other)) continue
      seen.add(other)
      if (page === undefined || other === undefined) take(other)
      // Another page may have been quicker, and its end is waited for then.
      else page.awaitEnd(other, () => [take(other), watch()])
    }
  }

  return {
    posts,
    post(content) {
      const post: WaitingPost = {
        ...content,
        clientId: crypto.randomUUID(),
        createdAt: new Date().toISOString(),
        state: 'waiting',
        ...own,
      }
      keep(storageKey(user, post.clientId), post)
      posts.update(list => [...list, post])
      queue(post)
      return post
    },
    retry(clientId) {
      const post = posts.get().find(one => one.clientId === clientId)
      if (post === undefined) return
      const { fault: _, ...rest } = post
      posts.update(list => list.map(one => (one.clientId === clientId ? { ...rest, state: 'waiting' } : one)))
      keep(storageKey(user, clientId), { ...rest, state: 'waiting' })
      queue(post)
    },
    drop(clientId) {
      posts.update(list => list.filter(post => post.clientId !== clientId))
      keep(storageKey(user, clientId), undefined)
    },
    resume: watch,
  }
}
