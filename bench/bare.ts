import { Client } from 'pg'
import type { Bench, Row } from './figures.ts'
import { latencies, repeat, whileCounting } from './measure.ts'
import { type BenchServer, startServer } from './server.ts'

const loads = [
  { connections: 1, batch: 1 },
  { connections: 8, batch: 1 },
  { connections: 1, batch: 100 },
]
const RUN_MS = 5000
const TEXT = 'x'.repeat(150)

/** What the same database on the same disk does without a server before it: the measure for posts. */
export const benchBare: Bench = {
  title: 'Bare rows into the same database (one table, primary key, 150 characters), for comparison with posts',
  async run({ runs }) {
    const server = await startServer()
    try {
      const rows: Row[][] = []
      for (const load of loads) rows.push(await measure(server, load, runs))
      return rows
    } finally {
      await server.stop()
    }
  },
}

async function measure(
  server: BenchServer,
  { connections, batch }: (typeof loads)[number],
  runs: number,
): Promise<Row[]> {
  const clients = await Promise.all(Array.from({ length: connections }, () => openClient(server)))
  await clients[0]!.query(
    'CREATE TABLE IF NOT EXISTS bare (room int, seq bigint GENERATED ALWAYS AS IDENTITY, text text, PRIMARY KEY (room, seq))',
  )
  const each: number[] = []
  const insert = async (client: Client) => {
    const startedAt = performance.now()
    const rooms = Array.from({ length: batch }, (_, index) => index)
    await client.query({
      name: 'bare',
      text: 'INSERT INTO bare (room, text) SELECT r, $2 FROM unnest($1::int[]) r',
      values: [rooms, TEXT],
    })
    each.push(performance.now() - startedAt)
  }
  const work = async (client: Client) => {
    const until = performance.now() + RUN_MS
    while (performance.now() < until) await insert(client)
  }
  const rows = await repeat(runs, async () => {
    each.length = 0
    const { seconds, database } = await whileCounting(server, () => Promise.all(clients.map(work)))
    return {
      connections: String(connections),
      'rows a commit': String(batch),
      'commits/s': each.length / seconds,
      'rows/s': (each.length * batch) / seconds,
      ...latencies({ count: each.length, ms: seconds * 1000, each }),
      'database CPU µs/row': (database / each.length / batch) * 1e6,
    }
  })
  await Promise.all(clients.map(client => client.end()))
  return rows
}

async function openClient(server: BenchServer): Promise<Client> {
  const client = new Client({ host: server.databaseSocket, user: 'pchat', database: 'pchat' })
  await client.connect()
  return client
}
