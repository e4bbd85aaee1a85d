import { expect, test } from 'vitest'
import type { Stamp } from '../domain/stamp.ts'
import { followScope, type ScopedFeed } from './scope-work.ts'
import { isRoomNewer, never, nothingShown, type Sub } from './sub.ts'

const at = (room: number, scope: number): Stamp => ({ ...never, room, scope })

function subOf(user: string, under: Stamp, state: Sub['state'] = 'live'): Sub {
  return { session: { caller: { user: { id: user } } }, state, under } as unknown as Sub
}

/** A feed whose store says who may hear, and what else happens while it is asked. */
function openFeed(stamp: Stamp, subs: Sub[], readers: string[], meanwhile: () => void = () => {}) {
  const asked: string[][] = []
  const closed: string[] = []
  const feed = {
    ...{ category: undefined, stamp },
    about: { shown: () => nothingShown, skip() {} },
    heard: (which: (sub: Sub) => boolean) => subs.filter(sub => sub.state !== 'pending' && which(sub)),
    close(sub: Sub) {
      closed.push(sub.session.caller.user.id)
      subs.splice(subs.indexOf(sub), 1)
    },
    async recheckIfNewer() {},
    async recheckSubs(checked: Sub[]) {
      asked.push(checked.map(sub => sub.session.caller.user.id))
      await Promise.resolve()
      if (asked.length === 1) meanwhile()
      for (const sub of checked)
        if (readers.includes(sub.session.caller.user.id)) sub.under = at(6, 7)
        else feed.close(sub)
      return {}
    },
  }
  return { feed: feed as unknown as ScopedFeed, asked, closed }
}

const news = (asked: string[], out: string[]) => ({
  now: { category: 'c', stamp: at(6, 7), shown: nothingShown } as never,
  asked: new Set(asked),
  out: new Set(out),
})

test('[CA10] whoever came after it was asked who is out of scope is asked about, and not taken for one who is in', async () => {
  const subs = [subOf('ann', at(6, 3)), subOf('ben', at(6, 3)), subOf('late', at(6, 3))]
  const { feed, asked, closed } = openFeed(at(6, 3), subs, ['ann'])
  await followScope(feed, news(['ann', 'ben'], ['ben']))
  expect(asked).toEqual([['late']])
  expect(closed).toEqual(['ben', 'late'])
  expect(subs.map(sub => sub.under.scope)).toEqual([7])
  expect(feed.stamp!.scope).toBe(7)
})

test('[CA10] whoever goes live under the older scope while others are decided is decided too, before the room counts as followed', async () => {
  const late = subOf('late', at(6, 3), 'pending')
  const subs = [subOf('ann', at(5, 3)), late]
  const { feed, closed } = openFeed(at(6, 3), subs, ['ann'], () => {
    late.state = 'live'
  })
  await followScope(feed, news(['ann', 'late'], ['late']))
  expect(closed).toEqual(['late'])
  expect(subs.every(sub => !isRoomNewer(at(6, 7), sub.under))).toBe(true)
})
