import type { Match, MessageFilter } from '../protocol/message-verbs.ts'
import type { Queryable } from './db.ts'

/** The indexed text of a message: must stand exactly as in the index of migration 0001. */
export const wordsSql = "to_tsvector('simple', coalesce(m.title || ' ', '') || m.text)"
export const bodySql = "(coalesce(m.title || ' ', '') || m.text)"

const maxWords = 20

/** What a text asks for, as the store's parser reads it. */
export type Words = {
  /** As a tsquery. */
  query: string
  /** Whether all patterns are wanted, or any. */
  all: boolean
  /** What every match has somewhere, in ASCII's small letters: quick to look for, where the parser takes ten times as long. */
  hints: string[] | undefined
  /** What the words of the index say too little about: patterns for the body as it stands, or in small letters. */
  typed: string[] | undefined
  small: boolean
}

type Parsed = { query: string; lexemes: string[]; small: string; utf8: boolean }

/** Undefined: no text at all. 'nothing': a text without a word, which no message has. */
export async function readWords(
  q: Queryable,
  { text, match, matchCase }: Pick<MessageFilter, 'text' | 'match' | 'matchCase'>,
  defaultMatch: Match,
): Promise<Words | 'nothing' | undefined> {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '') return undefined
  const how = match ?? defaultMatch
  const words = how === 'exact' ? [trimmed] : trimmed.split(/\s+/).slice(0, maxWords)
  const { rows } = await q.query<Parsed>({
    name: 'search-words',
    text: `SELECT (CASE WHEN $2 THEN phraseto_tsquery('simple', word) ELSE plainto_tsquery('simple', word) END)::text AS query,
                  tsvector_to_array(to_tsvector('simple', word)) AS lexemes, lower(word) AS small, getdatabaseencoding() = 'UTF8' AS utf8
             FROM unnest($1::text[]) WITH ORDINALITY AS w (word, n) ORDER BY n`,
    values: [words, how === 'exact'],
  })
  // Of a smiley there is nothing in the index. Beside words it is not asked for.
  const known = rows.filter(row => row.query !== '')
  if (known.length === 0) return 'nothing'
  const all = how !== 'any'
  const small = !matchCase
  return {
    query: known.map(row => `(${row.query})`).join(all ? ' & ' : ' | '),
    all,
    hints: rows[0]!.utf8 ? hintsOf(known, all) : undefined,
    // The index knows words without case and punctuation: what was asked more exactly is looked at again.
    typed: how === 'exact' || matchCase ? rows.map((row, i) => patternOf(small ? row.small : words[i]!)) : undefined,
    small,
  }
}

/**
 * The longest run of ASCII of each lexeme, since only there every locale agrees which letters are small; of a word that is one of
 * several, the longest of all. Undefined where a word has none.
 */
function hintsOf(words: Parsed[], all: boolean): string[] | undefined {
  const runs = words.map(({ lexemes }) => lexemes.flatMap(lexeme => longest(lexeme.match(/[\x21-\x7e]+/g) ?? []) ?? []))
  const wanted = all ? runs.flat() : runs.map(longest)
  const hints = wanted.flatMap(run => (run === undefined ? [] : [patternOf(run)]))
  return hints.length > 0 && (all || hints.length === words.length) ? hints : undefined
}

function longest(texts: string[]): string | undefined {
  return texts.toSorted((a, b) => b.length - a.length)[0]
}

function patternOf(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}

/** The body in ASCII's small letters; two letters beside ASCII become some of ASCII's where a locale makes them small. */
const asciiSql = `lower(replace(replace(${bodySql}, '\u0130', 'i'), '\u212a', 'k') COLLATE "C")`

const likeSql = (body: string, patterns: string, all: boolean) =>
  `${body} LIKE ${all ? 'ALL' : 'ANY'} (${patterns}::text[])`
const typedBodySql = (small: boolean) => (small ? `lower(${bodySql})` : bodySql)

/** As conditions over `message m` that the index of words answers; `bind` takes a value and gives its parameter. */
export function wordConditions({ query, typed, all, small }: Words, bind: (value: unknown) => string): string[] {
  const inIndex = `${wordsSql} @@ ${bind(query)}::tsquery`
  return typed ? [inIndex, likeSql(typedBodySql(small), bind(typed), all)] : [inIndex]
}

/**
 * As one condition of a fixed text over `message m`, where no index is asked: the cheap parts first. Parameters from `from` on are
 * those of `wordValues`.
 */
export function wordsInSql(from: number): string {
  const [query, all, small, hints, typed] = [0, 1, 2, 3, 4].map(n => `$${from + n}`)
  const either = (body: string, patterns: string) =>
    `CASE WHEN ${all}::bool THEN ${likeSql(body, patterns, true)} ELSE ${likeSql(body, patterns, false)} END`
  const asTyped = `CASE WHEN ${small}::bool THEN ${either(typedBodySql(true), typed!)} ELSE ${either(typedBodySql(false), typed!)} END`
  return `(${query}::tsquery IS NULL OR ((${hints}::text[] IS NULL OR ${either(asciiSql, hints!)})
     AND (${typed}::text[] IS NULL OR ${asTyped}) AND ${wordsSql} @@ ${query}))`
}

export function wordValues(words: Words | undefined): unknown[] {
  return [words?.query ?? null, words?.all ?? null, words?.small ?? null, words?.hints ?? null, words?.typed ?? null]
}
