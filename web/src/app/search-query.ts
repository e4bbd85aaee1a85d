import type { Match } from '../../../src/protocol/message-verbs.ts'
import type { Input } from '../../../src/protocol/request.ts'
import { dayInstant } from './time.ts'

export const matches = ['all', 'any', 'exact'] as const satisfies readonly Match[]
export const matchWords: Record<Match, string> = { all: 'All words', any: 'Any word', exact: 'Exactly this' }

/** What one searches for, as it stands in the address of the search page. */
export type SearchQuery = { text: string; match: Match; author: string; from: string; until: string; room: string }

export function parseSearch(query: string): SearchQuery {
  const params = new URLSearchParams(query)
  const read = (key: keyof SearchQuery) => params.get(key) ?? ''
  return {
    text: read('text'),
    match: matches.find(one => one === params.get('match')) ?? 'all',
    author: read('author'),
    from: read('from'),
    until: read('until'),
    room: read('room'),
  }
}

export function searchString(query: SearchQuery): string {
  return new URLSearchParams(
    Object.entries(query).filter(([key, value]) => value !== '' && !(key === 'match' && value === 'all')),
  ).toString()
}

/** Undefined where nothing is asked: an empty search would list every message there is. */
export function searchInput(query: SearchQuery): Input<'message.search'> | undefined {
  const from = dayInstant(query.from, 'start')
  const until = dayInstant(query.until, 'end')
  if (query.text.trim() === '' && query.author === '') return undefined
  return {
    ...(query.text.trim() === '' ? {} : { text: query.text.trim(), match: query.match }),
    ...(query.author === '' ? {} : { authors: [query.author] }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(query.room === '' ? {} : { rooms: [query.room] }),
    limit: 50,
  }
}
