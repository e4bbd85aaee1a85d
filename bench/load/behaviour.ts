import type { Actions } from './actions.ts'
import type { Arriving } from './chance.ts'
import type { RoomKind } from './model.ts'

/** How often what is done, a second, over all processes. */
export type Work = {
  posts: Record<RoomKind, number>
  /** Rooms opened on the screen, and open rooms looked into and left again: what the model calls joins. */
  joins?: number
  reads?: number
  /** Outsiders at secret rooms. */
  probes?: number
  /** Instead of all but the probes: each session acts by itself, as in Mattermost's model of behaviour. */
  mattermost?: boolean
}

/** Weights relative to creating a post, of two busy hours (peers.md 2.3); `null`: this product has nothing of the kind. */
const weights: [name: string, weight: number, act: keyof Actions | null][] = [
  ['switch channel', 6.52, 'openRoom'],
  ['scroll channel', 1.99, 'scroll'],
  ['drafts', 1.91, null],
  ['create post', 1, 'post'],
  ['check unread', 1, 'checkUnread'],
  ['open a direct message', 0.98, 'openRoom'],
  ['threads inbox', 0.6, 'listRooms'],
  ['mark thread read', 0.32, 'markRead'],
  ['view thread', 0.28, 'scroll'],
  ['permalink', 0.3, 'permalink'],
  ['reconnect', 0.144, 'reconnect'],
  ['reaction', 0.13, null],
  ['edit post', 0.04, null],
  ['search', 0.0218, 'search'],
  ['join channel', 0.0049, 'visit'],
]
/** Share of the users, and how many times the mean idle time each waits. */
const paces: [share: number, times: number][] = [
  [0.05, 1],
  [0.1, 2],
  [0.15, 3],
  [0.4, 6],
  [0.3, 30],
]
const idleSeconds = 20
const postShare: [kind: RoomKind, upTo: number][] = [
  ['small', 0.926],
  ['medium', 0.994],
  ['large', 1],
]

/** What of the work is this process's, as kinds of arrivals. */
export function arrivalsOf(work: Work, share: number, actions: Actions, sessions: number): Arriving[] {
  const probes = { perSecond: (work.probes ?? 0) * share, act: () => void actions.probe() }
  if (work.mattermost) return [probes, ...mattermost(actions, sessions)]
  const { small, medium, large } = work.posts
  const [joins = 0, reads = 0] = [work.joins, work.reads]
  return [
    probes,
    { perSecond: small * share, act: () => void actions.post('small') },
    { perSecond: medium * share, act: () => void actions.post('medium') },
    { perSecond: large * share, act: () => void actions.post('large') },
    { perSecond: (joins * share) / 2, act: () => void actions.openRoom() },
    { perSecond: (joins * share) / 2, act: () => void actions.visit() },
    { perSecond: (reads * share) / 2, act: () => void actions.scroll() },
    { perSecond: (reads * share) / 2, act: () => void actions.markRead() },
  ]
}

/** A fixed pace each, by its number: the sum of many that wait and act is as random as arrivals are. */
function mattermost(actions: Actions, sessions: number): Arriving[] {
  const whole = weights.reduce((sum, [, weight]) => sum + weight, 0)
  let from = 0
  return paces.flatMap(([share, times]) => {
    const [first, count] = [from, Math.floor(sessions * share)]
    from += count
    return weights.flatMap(([, weight, act]) => {
      if (act === null || count === 0) return []
      const perSecond = (count / (idleSeconds * times)) * (weight / whole)
      return [{ perSecond, act: () => void actOf(actions, act, first, count) }]
    })
  })
}

function actOf(actions: Actions, act: keyof Actions, first: number, count: number): void {
  const session = actions.oneOf(first, count)
  if (session === undefined) return
  if (act === 'post') void actions.post(postKind(actions.dice()), session)
  else (actions[act] as (session: number) => unknown)(session)
}

function postKind(dice: number): RoomKind {
  return postShare.find(([, upTo]) => dice < upTo)![0]
}
