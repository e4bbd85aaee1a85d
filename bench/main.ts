// npm run bench -- posts|bare|fanout|sync|memory|latency|recovery|storm [--users 19200] [--runs 3] [--json]
import { parseArgs } from 'node:util'
import { benchBare } from './bare.ts'
import { benchFanout } from './fanout.ts'
import { type Bench, printTable, summarise } from './figures.ts'
import { benchMemory } from './memory.ts'
import { benchLatency, benchRecovery } from './pool.ts'
import { benchPosts } from './posts.ts'
import { benchStorm } from './storm.ts'
import { benchSync } from './sync.ts'

const benches: Record<string, Bench> = {
  posts: benchPosts,
  bare: benchBare,
  fanout: benchFanout,
  sync: benchSync,
  memory: benchMemory,
  latency: benchLatency,
  recovery: benchRecovery,
  storm: benchStorm,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: 'string', default: '1000,16000' },
    users: { type: 'string', default: '19200' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const bench = benches[positionals[0] ?? '']
if (bench === undefined) {
  console.error(
    `Usage: npm run bench -- ${Object.keys(benches).join('|')} [--users 19200] [--sessions 1000,16000] [--runs 3] [--json]`,
  )
  process.exit(2)
}
const rows = await bench.run({
  runs: Number(values.runs),
  users: Number(values.users),
  sessions: values.sessions.split(',').map(Number),
})
if (values.json) console.log(JSON.stringify(rows, null, 2))
else printTable(bench.title, rows.map(summarise))
