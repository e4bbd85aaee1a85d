import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import { roomOfSender } from './poster.ts'
import { cpuSeconds } from './proc.ts'
import type { BenchServer } from './server.ts'
import { textOf } from './text.ts'
import { POST_ROOMS, postRoom, roomId, uuidOf } from './world.ts'

/** Most posts of one batch of the server (maxBatch in src/chat/post-queue.ts). */
export const BATCH = 200
const AUTHORS = 64
/** The server's own statement as text: written twice it would measure something else one day. */
const statement = readFileSync(new URL('../src/store/post-write.sql', import.meta.url), 'utf8')

export type Written = {
  rows: number
  seconds: number
  transactionMs: number[]
  commitMs: number[]
  databaseCpu: number
}
export type BareWriter = { write(ms: number): Promise<Written>; end(): Promise<void> }

/** What the store takes when nothing stands before it: the statement alone, full batches one after the other, nobody to wait for. */
export async function openBareWriter(server: BenchServer): Promise<BareWriter> {
  const client = new Client({ host: server.databaseSocket, user: 'pchat', database: 'pchat' })
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const pid = rows[0]!.pid
  return {
    async write(ms) {
      const written: Written = { rows: 0, seconds: 0, transactionMs: [], commitMs: [], databaseCpu: -cpuSeconds(pid) }
      const startedAt = performance.now()
      while (performance.now() - startedAt < ms) await writeBatch(client, written)
      written.seconds = (performance.now() - startedAt) / 1000
      written.databaseCpu += cpuSeconds(pid)
      return written
    },
    end: () => client.end(),
  }
}

async function writeBatch(client: Client, written: Written): Promise<void> {
  const values = batch(written.rows)
  const beganAt = performance.now()
  await client.query('BEGIN')
  await client.query({ name: 'post-write', text: statement, values })
  const wroteAt = performance.now()
  await client.query('COMMIT')
  const endedAt = performance.now()
  written.transactionMs.push(endedAt - beganAt)
  written.commitMs.push(endedAt - wroteAt)
  written.rows += BATCH
}

/** As the server gives it: rooms by turns, texts as the generator sends them. */
function batch(first: number): unknown[] {
  const numbers = Array.from({ length: BATCH }, (_, index) => first + index)
  const all = <T>(value: T) => numbers.map(() => value)
  const rooms = numbers.map(number => roomId(postRoom(roomOfSender(number % AUTHORS, number, POST_ROOMS))))
  return [
    rooms,
    rooms.map((room, index) => rooms.slice(0, index + 1).filter(other => other === room).length),
    numbers.map(number => uuidOf('user', number % AUTHORS)),
    numbers.map(() => randomUUID()),
    numbers.map(() => randomBytes(16)),
    all('plain'),
    all(false),
    all(null),
    numbers.map(textOf),
    all(null),
    all(true),
  ]
}
