import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { storeRefusal, transaction } from '../src/store/db.ts'
import { openTestDatabase } from './database.ts'
import { runKills } from './kill.ts'
import { findFaults, type KeptRoom, type Read, type Tried } from './kill-check.ts'

const room = 'r'
const message = (seq: number, clientId = `c${seq}`) => ({ seq, at: `2026-01-0${seq}`, clientId, text: `t${clientId}` })

/** Three posts, all well. */
function good(): { tried: Tried[]; rooms: KeptRoom[]; reads: Read[] } {
  const messages = [message(1), message(2), message(3)]
  return {
    tried: messages.map(({ seq, at, clientId, text }) => ({
      ...{ room, clientId, text, connection: 1, place: seq, tries: 1 },
      acknowledged: [{ seq, at, repeated: false, attempt: 1 }],
    })),
    rooms: [{ room, lastSeq: 3, messages }],
    reads: [{ reader: 'reader', room, messages }],
  }
}

const check = ({ tried, rooms, reads }: ReturnType<typeof good>) => findFaults(tried, rooms, reads).join('\n')
/** The kept room and what was read of it, with this in place of the messages. */
function keep(messages: ReturnType<typeof message>[], lastSeq = messages.length) {
  return { rooms: [{ room, lastSeq, messages }], reads: [{ reader: 'reader', room, messages }] }
}

test('[DU2] a good history has no faults, with posts that were never answered or are answered twice alike', () => {
  const history = good()
  expect(check(history)).toBe('')
  history.tried[1]!.acknowledged.push({ ...history.tried[1]!.acknowledged[0]!, repeated: true, attempt: 2 })
  history.tried[2]!.acknowledged = []
  expect(check(history)).toBe('')
})

test('[DU2] what was acknowledged and is lost is found, at the end and in the middle', () => {
  expect(check({ ...good(), ...keep([message(1), message(2)]) })).toContain('post c3: acknowledged as 3, and lost')
  const inside = check({ ...good(), ...keep([message(1), message(3)], 3) })
  expect(inside).toContain('room r: 3 stands where 2 should')
  expect(inside).toContain('post c2: acknowledged as 2, and lost')
})

test('[DU2] a message that is there twice is found', () => {
  const doubled = check({ ...good(), ...keep([message(1), message(2), message(3), message(4, 'c2')]) })
  expect(doubled).toBe('room r: 2 and 4 have one client id')
})

test('[DU2] a gap is found, also one that only lastSeq tells of', () => {
  const history = good()
  expect(check({ ...history, ...keep([message(1), message(2), { ...message(3), seq: 4 }], 4) })).toContain(
    '4 stands where 3',
  )
  expect(check({ ...history, ...keep([message(1), message(2), message(3)], 4) })).toContain(
    'lastSeq is 4, messages are 3',
  )
})

test('[DU2] another order than was sent, acknowledged or read is found', () => {
  const swapped = good()
  swapped.tried[0]!.place = 9
  expect(check(swapped)).toContain('c1 was sent after c3 and stands before it')
  expect(check({ ...good(), ...keep([message(1), message(2, 'c3'), message(3, 'c2')]) })).toContain(
    'post c2: acknowledged as 2, where another one is',
  )
  const read = good()
  read.reads = [{ reader: 'reader', room, messages: [message(1), message(3), message(2)] }]
  expect(check(read)).toContain('got 3 where 2 should come')
  read.reads = [{ reader: 'reader', room, messages: [message(1), message(2)] }]
  expect(check(read)).toContain('has 2 of 3 messages')
})

test('[DU2] other content, foreign messages, and repeats that do not agree are found', () => {
  expect(check({ ...good(), ...keep([{ ...message(1), text: 'other' }, message(2), message(3)]) })).toContain(
    'another text',
  )
  expect(check({ ...good(), ...keep([message(1), message(2), message(3), message(4)]) })).toContain('nobody posted 4')
  const history = good()
  history.tried[0]!.acknowledged.push({ seq: 2, at: '2026-01-01', repeated: true, attempt: 2 })
  history.tried[1]!.acknowledged.push({ seq: 2, at: '2026-01-02', repeated: false, attempt: 2 })
  history.tried[2]!.acknowledged[0]!.repeated = true
  const faults = check(history)
  expect(faults).toContain('post c1: answered with 1, then with 2')
  expect(faults).toContain('post c2: a repeat was taken as new')
  expect(faults).toContain('post c3: the first try was called a repeat')
})

test('[DU1] [DU3] server and database killed at random moments: all that was acknowledged is there once, in one order, and readers have it all', async () => {
  const seed = Number(process.env.PCHAT_SEED ?? Date.now() % 2 ** 31)
  const report = await runKills({ seed, rounds: 3, rooms: 3, writers: 3, inFlight: 8, maxPauseMs: 600 })
  console.log(
    `seed ${seed}: ${report.acknowledged} acknowledged, ${report.retried} tried again, ${report.repeated} repeats`,
  )
  expect(report.faults, `seed ${seed}`).toEqual([])
  expect(report.acknowledged).toBeGreaterThan(100)
}, 120_000)

test('[DU4] a connection that the store ends between two statements fails its transaction, and nothing else', async () => {
  const { db, drop } = await openTestDatabase()
  const work = transaction(db, async tx => {
    const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await db.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid])
    // The end is told while nothing is asked over this connection.
    await sleep(100)
    await tx.query('SELECT 1')
  })
  const error = await work.catch((reason: unknown) => reason)
  expect(storeRefusal(error)?.code).toBe('unavailable')
  expect((await db.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  await drop()
})
