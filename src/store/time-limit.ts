import type { Refusal } from '../protocol/error.ts'
import type { Connection, Queryable } from './db.ts'

/** SQLSTATE of a statement that was ended. */
export const endedCode = '57014'

/** Statements of one transaction that together may take so long; beyond that they throw what `tooLong` makes. */
export function limited(tx: Connection, ms: number, tooLong: () => Refusal): Queryable {
  const endsAt = performance.now() + ms
  return {
    async query(text, values) {
      const left = Math.ceil(endsAt - performance.now())
      if (left <= 0) throw tooLong()
      // They travel together.
      const limit = tx.query({
        name: 'time-limit',
        text: "SELECT set_config('statement_timeout', $1, true)",
        values: [`${left}`],
      })
      const [, answer] = await Promise.all([limit, tx.query(text as string, values)])
      return answer as never
    },
  }
}

/** The store's word for a statement that it ended, as a refusal. Not `unavailable`: whoever tried the same again would load it the same again. */
export function refuseLong(tooLong: () => Refusal): (error: unknown) => never {
  return error => {
    throw (error as { code?: unknown }).code === endedCode ? tooLong() : error
  }
}
