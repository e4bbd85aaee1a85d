// npm run bench -- posts|windows|bare|fanout|sync|memory|latency|recovery|storm|rosters|sign-in|scope|files|compliance|growth-… [--users 19200] [--runs 3] [--json]
import { parseArgs } from 'node:util'
import { benchBare } from './bare.ts'
import { benchCompliance } from './compliance.ts'
import { benchFanout } from './fanout.ts'
import { type Bench, printTable, summarise } from './figures.ts'
import { benchFiles } from './files.ts'
import { growth } from './growth.ts'
import { benchMemory } from './memory.ts'
import { benchLatency, benchRecovery } from './pool.ts'
import { benchPosts } from './posts.ts'
import { benchRosters } from './rosters.ts'
import { benchScope } from './scope.ts'
import { benchSignIn } from './sign-in.ts'
import { benchStorm } from './storm.ts'
import { benchSync } from './sync.ts'
import { benchWindows } from './windows.ts'

const benches: Record<string, Bench> = {
  posts: benchPosts,
  windows: benchWindows,
  bare: benchBare,
  fanout: benchFanout,
  sync: benchSync,
  memory: benchMemory,
  latency: benchLatency,
  recovery: benchRecovery,
  storm: benchStorm,
  rosters: benchRosters,
  'sign-in': benchSignIn,
  scope: benchScope,
  files: benchFiles,
  compliance: benchCompliance,
  ...growth,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: 'string', default: '1000,16000' },
    users: { type: 'string', default: '19200' },
    points: { type: 'string' },
    runs: { type: 'string', default: '3' },
    'database-url': { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const bench = benches[positionals[0] ?? '']
if (bench === undefined) {
  console.error(
    `Usage: npm run bench -- ${Object.keys(benches).join('|')} [--users 19200] [--sessions 1000,16000] [--points 100,1600] [--runs 3] [--database-url ...] [--json]`,
  )
  process.exit(2)
}
const rows = await bench.run({
  runs: Number(values.runs),
  users: Number(values.users),
  sessions: values.sessions.split(',').map(Number),
  points: values.points?.split(',').map(Number),
  databaseUrl: values['database-url'],
})
if (values.json) console.log(JSON.stringify(rows, null, 2))
else printTable(bench.title, rows.map(summarise))
