import type { Principal } from '../../../src/protocol/principal.ts'
import type { Input } from '../../../src/protocol/request.ts'

export const matchWords = { all: 'All of these words', any: 'Any of these words', exact: 'Exactly this' } as const
export type Match = keyof typeof matchWords

/** Which messages of a room are meant, as the form has it. */
export type Removal = {
  room: string
  authors: readonly Principal[]
  /** Local, as the fields of the browser give it. */
  from: string
  until: string
  text: string
  match: Match
  matchCase: boolean
}

function instant(local: string): string | undefined {
  const at = Date.parse(local)
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

/** What message.remove takes; undefined while the form does not say which messages. */
export function removalInput(removal: Removal): Input<'message.remove'> | undefined {
  const [from, until, text] = [instant(removal.from), instant(removal.until), removal.text.trim()]
  const filter = {
    ...(removal.authors.length === 0 ? {} : { authors: removal.authors.map(one => one.id) }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(text === '' ? {} : { text, match: removal.match, ...(removal.matchCase ? { matchCase: true } : {}) }),
  }
  return removal.room === '' || Object.keys(filter).length === 0 ? undefined : { room: removal.room, filter }
}
