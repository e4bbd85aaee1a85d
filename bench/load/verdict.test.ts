import { expect, test } from 'vitest'
import { type Delivery, toDelivery } from './delivery.ts'
import { type Hearing, openHearing } from './hearing.ts'
import { clientIdOf, postText } from './post-text.ts'
import { type Acknowledged, type Evidence, judge, type Removal, type Stored } from './verdict.ts'

const ROOM = 3
const OTHER_ROOM = 4
const SESSIONS = 4
/** The last session is not in the room. */
const OUTSIDER = SESSIONS - 1
const POSTS = 20

type Heard = { session: number; delivery: Delivery }
type Doctor = (stream: Heard[]) => Heard[]

test('[LD4] where each session hears each place once and in order the checker finds nothing', () => {
  expect(run(stream => stream)).toMatchObject({ lost: 0, doubled: 0, disordered: 0, leaked: 0, deliveries: 60 })
})

test('[LD5] a delivery that one session does not get is found as lost, in the middle and at the end', () => {
  expect(run(without(1, 7))).toMatchObject({ lost: 1, doubled: 0, disordered: 0, leaked: 0 })
  expect(run(without(2, POSTS))).toMatchObject({ lost: 1, doubled: 0, disordered: 0, leaked: 0 })
  expect(run(stream => stream.filter(({ session }) => session !== 0))).toMatchObject({ lost: POSTS })
})

test('[LD5] an acknowledged post that nobody heard, or that is not in the store, is found as lost', () => {
  const dropped = run(stream => stream.filter(({ delivery }) => delivery.seq !== POSTS))
  expect(dropped).toMatchObject({ lost: 4, posts: 1 })
  expect(run(stream => stream, { stored: stored => stored.slice(1) })).toMatchObject({ lost: 1, posts: 1 })
})

test('[LD5] other content than was acknowledged, or than others heard, is found as lost', () => {
  const forged = post(5, 1_000)
  const forOne: Doctor = stream =>
    stream.map(one => (one.session === 1 && one.delivery.seq === 5 ? { ...one, delivery: forged } : one))
  expect(run(forOne)).toMatchObject({ lost: 1, posts: 0 })
  const forAll: Doctor = stream => stream.map(one => (one.delivery.seq === 5 ? { ...one, delivery: forged } : one))
  expect(run(forAll)).toMatchObject({ lost: 1, posts: 1 })
})

test('[LD6] a delivery that comes again, or a post at two places, is found as doubled', () => {
  expect(
    run(stream => stream.flatMap(one => (one.session === 1 && one.delivery.seq === 7 ? [one, one] : [one]))),
  ).toMatchObject({
    lost: 0,
    doubled: 1,
    disordered: 0,
  })
  const again: Doctor = stream => [
    ...stream,
    ...[0, 1, 2].map(session => ({ session, delivery: { ...post(POSTS + 1, 7) } })),
  ]
  expect(run(again, { end: POSTS + 1 })).toMatchObject({ lost: 0, doubled: 1 })
})

test('[LD7] two deliveries that change places are found as disordered, and as nothing else', () => {
  const swapped: Doctor = stream => {
    const [a, b] = [7, 8].map(seq => stream.findIndex(one => one.session === 1 && one.delivery.seq === seq)) as [
      number,
      number,
    ]
    return stream.with(a, stream[b]!).with(b, stream[a]!)
  }
  expect(run(swapped)).toMatchObject({ lost: 0, doubled: 0, disordered: 1, leaked: 0 })
})

test('[LD8] a frame of a room that the session is not in, or no more, is found as leaked', () => {
  const foreign: Doctor = stream => [...stream, { session: OUTSIDER, delivery: post(1, 1) }]
  expect(run(foreign)).toMatchObject({ lost: 0, doubled: 0, leaked: 1 })
  const unknown: Doctor = stream => [...stream, { session: 0, delivery: { ...post(1, 1), room: -1 } }]
  expect(run(unknown)).toMatchObject({ leaked: 1 })
  const closed = evidenceOf(
    stream => stream,
    hearing => hearing.shutOut(1, ROOM),
  )
  expect(judge([closed.evidence], [], closed.stored).leaked).toBe(POSTS)
})

test('[LD8] what was posted after a removal and before the way back is found as leaked, by its place', () => {
  const { evidence, stored } = evidenceOf(
    stream => stream,
    hearing => hearing.watch(1, ROOM),
  )
  // Posts 8 to 12 were sent after the removal was acknowledged, and acknowledged before the way back was asked for.
  const removal: Removal = { session: 1, room: ROOM, removedUs: 7_500, againUs: 12_700 }
  expect(judge([evidence], [removal], stored).leaked).toBe(5)
  const kept = { ...evidence, watched: evidence.watched.filter(({ seq }) => seq < 8 || seq > 12) }
  expect(judge([kept], [removal], stored).leaked).toBe(0)
  expect(judge([{ ...kept, told: 2 }], [removal], stored).leaked).toBe(2)
})

test('[LD9] after an answer events follow its end: what comes again is not doubled, what it left out is asked for', () => {
  const hearing = openHearing(1)
  hearing.own(0, ROOM)
  hearing.joined(0, ROOM, { lastSeq: 4, messages: [] })
  expect(hearing.owed(0)).toEqual([])
  for (const seq of [5, 6, 7]) hearing.hear(0, post(seq))
  // Read by the server before 6 and 7 came.
  hearing.joined(0, ROOM, { lastSeq: 5, messages: [] })
  for (const seq of [6, 7]) hearing.hear(0, post(seq))
  hearing.away(0)
  expect(hearing.known(0)).toEqual([{ room: ROOM, seq: 7 }])
  hearing.joined(0, ROOM, { lastSeq: 12, messages: [message(11), message(12)] })
  expect(hearing.owed(0)).toEqual([{ room: ROOM, after: 7, through: 10 }])
  hearing.hear(0, post(13))
  expect(hearing.behind(0, endsOf(13), () => false)).toBe(3)
  hearing.fetched(0, ROOM, [8, 9, 10].map(message))
  expect(hearing.behind(0, endsOf(13), () => false)).toBe(0)
  expect(hearing.counts).toMatchObject({ doubled: 0, disordered: 0, leaked: 0 })
  hearing.hear(0, post(7))
  expect(hearing.counts).toMatchObject({ doubled: 1 })
})

test('[LD9] a visit ends with the answer of room.part, and a room never entered has lost something', () => {
  const hearing = openHearing(2)
  hearing.own(0, ROOM)
  expect(hearing.behind(0, endsOf(0), () => false)).toBe(1)
  expect(hearing.behind(0, endsOf(0), () => true)).toBe(0)
  hearing.joined(1, OTHER_ROOM, { lastSeq: 9, messages: [] }, true)
  hearing.hear(1, { ...post(10), room: OTHER_ROOM })
  hearing.parted(1, OTHER_ROOM)
  expect(hearing.counts.leaked).toBe(0)
  hearing.hear(1, { ...post(11), room: OTHER_ROOM })
  expect(hearing.counts.leaked).toBe(1)
  expect(hearing.ownRooms(0)).toEqual([ROOM])
})

function run(doctor: Doctor, { stored = (all: Stored[]) => all, end = POSTS } = {}) {
  const made = evidenceOf(doctor, () => {}, end)
  return judge([made.evidence], [], stored(made.stored))
}

/** Three sessions in a room of twenty posts, one that is not in it; the stream is what the server would have sent them. */
function evidenceOf(
  doctor: Doctor,
  before: (hearing: Hearing) => void,
  end = POSTS,
): { evidence: Evidence; stored: Stored[] } {
  const hearing = openHearing(SESSIONS)
  for (const session of [0, 1, 2]) {
    hearing.own(session, ROOM)
    hearing.joined(session, ROOM, { lastSeq: 0, messages: [] })
  }
  hearing.own(OUTSIDER, OTHER_ROOM)
  hearing.joined(OUTSIDER, OTHER_ROOM, { lastSeq: 0, messages: [] })
  before(hearing)
  const places = Array.from({ length: POSTS }, (_, index) => index + 1)
  const stream = places.flatMap(seq => [0, 1, 2].map(session => ({ session, delivery: post(seq) })))
  for (const { session, delivery } of doctor(stream)) hearing.hear(session, delivery)
  const acknowledged: Acknowledged[] = places.map(seq => ({ ...post(seq), ackUs: seq * 1_000 + 500 }))
  const behind = [0, 1, 2].reduce((sum, session) => sum + hearing.behind(session, endsOf(end), () => true), 0)
  const { counts, watched } = hearing
  return {
    evidence: { counts, contents: hearing.contents.data(), watched, acknowledged, behind, told: 0 },
    stored: acknowledged.map(({ room, seq, hash }) => ({ room, seq, hash })),
  }
}

function without(session: number, seq: number): Doctor {
  return stream => stream.filter(one => one.session !== session || one.delivery.seq !== seq)
}

function message(seq: number, number = seq) {
  const author = { id: 'a', kind: 'user' as const, name: 'a', displayName: 'a' }
  const text = postText(number * 1_000, number)
  return { seq, at: '', author, text, format: 'plain' as const, clientId: clientIdOf(1, number) }
}

function post(seq: number, number = seq): Delivery {
  return toDelivery(ROOM, message(seq, number))
}

function endsOf(seq: number): number[] {
  return [0, 0, 0, seq, 0]
}
