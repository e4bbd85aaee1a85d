// node bin/database.ts FOLDER [processes that serve]
// The product's PostgreSQL alone, set up as a server sets it up, for measurements of several servers on one store. It ends,
// folder and all, when its input ends: whoever started it may be killed.
import { rm } from 'node:fs/promises'
import { openLog } from '../src/base/log.ts'
import { connectionsFor } from '../src/cli/store-connection.ts'
import { openDb } from '../src/store/db.ts'
import { type Embedded, startEmbedded } from '../src/store/embedded.ts'

const [dataDir, processes = '1'] = process.argv.slice(2)
if (dataDir === undefined) {
  console.error('Usage: node bin/database.ts FOLDER [processes that serve]')
  process.exit(2)
}
const asked = new AbortController()
const end = () => asked.abort(new Error('Stopped.'))
process.stdin.resume().once('end', end)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
try {
  const settings = { max_connections: connectionsFor(Number(processes)) }
  const embedded = await startEmbedded({ dataDir, log: openLog('error'), settings, signal: asked.signal })
  await announce(embedded.address)
  if (!asked.signal.aborted) await new Promise(resolve => asked.signal.addEventListener('abort', resolve))
  await embedded.stop()
} catch (error) {
  if (!asked.signal.aborted) console.error((error as Error).message)
  process.exitCode = 1
} finally {
  // Servers that are being killed at this moment may still put a file there.
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
}
process.exit()

async function announce(address: Embedded['address']): Promise<void> {
  const { host, user, database } = address
  const db = openDb(address, { max: 1 })
  const { rows } = await db.query<{ server_version: string }>('SHOW server_version')
  await db.end()
  const databaseUrl = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  console.log(JSON.stringify({ databaseUrl, version: rows[0]!.server_version }))
}
