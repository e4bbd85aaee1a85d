import type { Db } from './db.ts'

/** `connection`: how long a transaction waited for one; a statement's wait is within its own time. */
export type Timed = 'statement' | 'transaction' | 'connection'

/** The same store, with a word about each statement and transaction when it is over, done or not. */
export function openTimedDb(db: Db, tell: (what: Timed, seconds: number) => void): Db {
  const secondsSince = (beganAt: number) => (performance.now() - beganAt) / 1000
  return {
    async query(text, values) {
      const beganAt = performance.now()
      try {
        return await db.query(text, values)
      } finally {
        tell('statement', secondsSince(beganAt))
      }
    },
    async connect() {
      const askedAt = performance.now()
      const connection = await db.connect()
      tell('connection', secondsSince(askedAt))
      const beganAt = performance.now()
      // The pool sets its own anew each time that it lends the connection.
      const release = connection.release
      connection.release = error => {
        tell('transaction', secondsSince(beganAt))
        release.call(connection, error)
      }
      return connection
    },
    end: () => db.end(),
    ...(db.confirm ? { confirm: connection => db.confirm!(connection) } : {}),
  }
}
