import { runSource } from '../src/chat/directory-run.ts'
import { openDb } from '../src/store/db.ts'
import { openScriptedDirectory, user } from './scripted-directory.ts'
import { openHost } from './sync-host.ts'

/** A sync in a process of its own that says when it is in the middle, and waits there to be killed. */
const { address, source, made, where } = JSON.parse(process.argv[2]!)
const db = openDb(address, { max: 4 })
const corp = openScriptedDirectory(source)
for (let i = 0; i < 30; i += 1) corp.put(user(`${i}`, `killed${i}-${made}`, { disabled: i < 5 }))
corp.batchSize = 10
const never = new Promise<never>(() => setInterval(() => {}, 1_000))
let batches = 0
corp.beforeBatch = () => {
  batches += 1
  if (where !== 'reading' || batches < 3) return undefined
  process.send!('now')
  return never
}
if (where === 'writing') {
  const { connect } = db
  db.connect = async (...asked: unknown[]) => {
    // The pool asks itself so for a statement alone.
    if (asked.length > 0) return Reflect.apply(connect, db, asked)
    const connection = await connect.call(db)
    const query = connection.query
    // The last statement before the commit: all is written, and nothing is there yet.
    connection.query = ((...args: unknown[]) => {
      const [text] = args
      if (typeof text !== 'string' || !text.startsWith('WITH raised')) return Reflect.apply(query, connection, args)
      process.send!('now')
      return never
    }) as typeof query
    return connection
  }
}
const host = openHost(db, [corp], 'killed')
await runSource(host, host.directorySync.sources.get(source)!, { full: true, force: true })
