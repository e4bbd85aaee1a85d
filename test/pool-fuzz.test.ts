import { describe, expect, test } from 'vitest'
import { findPoolFaults, type PoolHistory, type PoolTried } from './pool-check.ts'
import { runPoolFuzz } from './pool-fuzz.ts'

const room = 'r'
const message = (seq: number, clientId = `c${seq}`) => ({ seq, at: `2026-01-0${seq}`, clientId, text: `t${clientId}` })

/** Sent at 10, 20, 30 and 40, each answered 5 later; eve had no right from 22 to 37 and heard the rest. */
function good(): PoolHistory & { heard: { user: string; room: string; seq: number; at: number; over: string }[] } {
  const messages = [message(1), message(2), message(3), message(4)]
  return {
    tried: messages.map(({ seq, at, clientId, text }) => ({
      ...{ by: 'alice', room, clientId, text, connection: 1, place: seq, tries: 1 },
      ...{ sentAt: seq * 10, answeredAt: seq * 10 + 5 },
      acknowledged: [{ seq, at, repeated: false, attempt: 1 }],
    })),
    kept: [{ room, lastSeq: 4, messages }],
    reads: [{ reader: 'bob', room, messages }],
    heard: [1, 2, 4].map(seq => ({ user: 'eve', room, seq, at: seq * 10 + 6, over: 'server 0' })),
    answered: [],
    losses: [{ user: 'eve', room, from: 22, until: 37, how: 'list' }],
    closings: [],
  }
}

const check = (change: (history: ReturnType<typeof good>) => void) => {
  const history = good()
  change(history)
  return findPoolFaults(history).join('\n')
}

describe('the checker', () => {
  test('[PF4] a good history has no faults, nor has what was under way while the right changed', () => {
    expect(check(() => {})).toBe('')
    // Posted before the removal and heard late; posted without it and heard after it was given back.
    expect(check(({ heard }) => void heard.push({ user: 'eve', room, seq: 2, at: 30, over: '' }))).toBe('')
    expect(check(({ heard }) => void heard.push({ user: 'eve', room, seq: 3, at: 38, over: '' }))).toBe('')
    // Sent before the removal was acknowledged: it may have been either way.
    expect(
      check(history => {
        history.tried[2]!.sentAt = 21
        history.heard.push({ user: 'eve', room, seq: 3, at: 31, over: '' })
      }),
    ).toBe('')
    const asked = { user: 'eve', room, verb: 'message.list', over: '' }
    expect(check(({ answered }) => void answered.push({ ...asked, askedAt: 21, at: 30 }))).toBe('')
    expect(check(({ answered }) => void answered.push({ ...asked, askedAt: 30, at: 38 }))).toBe('')
  })

  test('[PF4] what is lost, doubled, missing or in another order for a reader is found', () => {
    const keep = (history: PoolHistory, messages: ReturnType<typeof message>[]) => {
      history.kept = [{ room, lastSeq: messages.length, messages }]
      history.reads = [{ reader: 'bob', room, messages }]
    }
    expect(
      check(history =>
        keep(
          history,
          [1, 2, 3].map(seq => message(seq)),
        ),
      ),
    ).toContain('acknowledged as 4, and lost')
    expect(check(history => keep(history, [...[1, 2, 3, 4].map(seq => message(seq)), message(5, 'c2')]))).toContain(
      '2 and 5 have one client id',
    )
    expect(check(history => void history.reads[0]!.messages.pop())).toContain('has 3 of 4 messages')
    expect(
      check(history => {
        const [one, two, three, four] = history.reads[0]!.messages
        history.reads[0]!.messages = [one!, three!, two!, four!]
      }),
    ).toContain('got 3 where 2 should come')
  })

  test('[PF4] what was sent after another answer and stands before it is found, whoever sent it', () => {
    const faults = check(history => {
      const swapped = [message(1), message(2, 'c3'), message(3, 'c2'), message(4)].map((one, n) => ({
        ...one,
        at: `2026-01-0${n + 1}`,
      }))
      history.kept = [{ room, lastSeq: 4, messages: swapped }]
      history.reads = []
      history.tried[1]!.acknowledged[0]!.seq = 3
      history.tried[1]!.acknowledged[0]!.at = '2026-01-03'
      history.tried[2]!.acknowledged[0]!.seq = 2
      history.tried[2]!.acknowledged[0]!.at = '2026-01-02'
      history.tried[2]!.by = 'carol'
      history.tried[2]!.connection = 2
      history.heard = []
    })
    expect(faults).toBe('room r: carol sent 2 after 3 of alice was answered')
  })

  test('[PF4] an event that was posted after the end of a right is found, also by position alone', () => {
    const heard = { user: 'eve', room, at: 36, over: 'server 1' }
    expect(check(history => void history.heard.push({ ...heard, seq: 3 }))).toContain('LEAK: eve heard 3')
    // Nobody knows when it was sent, and it stands behind one that was sent after the end.
    const unknown = check(history => {
      const late: PoolTried = { ...history.tried[3]!, acknowledged: [], sentAt: undefined, answeredAt: undefined }
      history.tried[3] = late
      history.heard.push({ ...heard, seq: 4 })
    })
    expect(unknown).toContain('LEAK: eve heard 4')
    expect(check(history => void history.heard.push({ ...heard, user: 'bob', seq: 3 }))).toBe('')
  })

  test('[PF4] a request that was answered, and a post that was taken, between the end of a right and its return is found', () => {
    const asked = { user: 'eve', room, verb: 'message.list', askedAt: 23, at: 36, over: 'HTTP, server 2' }
    expect(check(({ answered }) => void answered.push(asked))).toContain('LEAK: eve was answered message.list')
    const closed = check(({ closings }) => void closings.push({ room, from: 22, until: 37 }))
    expect(closed).toBe('room r: took 3 of alice while it was disabled')
    expect(check(({ closings }) => void closings.push({ room, from: 31, until: 37 }))).toBe('')
  })
})

const seed = Number(process.env.PCHAT_SEED ?? Date.now() % 2 ** 31)

test('[PF1] [PF2] [PF3] [PF5] each fault once: nothing lost, doubled, mixed up or leaked, and all is well afterwards', async () => {
  const report = await runPoolFuzz({ seed })
  const kinds = Object.entries(report.recoveries).map(([kind, { count }]) => `${kind} ${count}`)
  console.log(
    `seed ${seed}: ${report.acknowledged} acknowledged, ${report.losses} losses of a right, ${kinds.join(', ')}`,
  )
  expect(report.faults, `seed ${seed}: npm run pool-fuzz -- --seed ${seed}\n${report.tails ?? ''}`).toEqual([])
  expect(report.promotions).toBe(2)
  expect(report.acknowledged).toBeGreaterThan(100)
  expect(report.losses).toBeGreaterThan(5)
  expect(kinds).toHaveLength(14)
}, 240_000)
