import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { type Db, transaction } from '../store/db.ts'
import { headsOver, readTexts } from './archive.ts'
import { writeWhole } from './output.ts'

const entriesAtOnce = 5_000

/**
 * Entries of a range to the letter, the signed heads over them, and the program that checks the one by the other, into a folder.
 * Whole batches: the range grows to where theirs begin and end. Answers it; undefined where the archive has nothing there.
 */
export function exportProof(
  archive: Db,
  folder: string,
  first: number,
  last: number,
): Promise<{ first: number; last: number; batches: number } | undefined> {
  return transaction(
    archive,
    async tx => {
      await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0')
      const heads = await headsOver(tx, first, last)
      if (heads.length === 0) return undefined
      const [begin, end] = [heads[0]!.head.first, heads.at(-1)!.head.last]
      async function* lines() {
        for (let from = begin; from <= end; from += entriesAtOnce)
          for (const { text } of await readTexts(tx, from, Math.min(end, from + entriesAtOnce - 1))) yield `${text}\n`
      }
      await writeWhole(folder, async output => {
        await output.write('entries.jsonl', lines())
        await output.write('heads.jsonl', heads.map(head => `${JSON.stringify(head)}\n`).join(''))
        await output.write('verify.mjs', await offlineVerifier())
      })
      return { first: begin, last: end, batches: heads.length }
    },
    'ISOLATION LEVEL REPEATABLE READ READ ONLY',
  )
}

/** The verifier as JavaScript, for machines without this project. */
export async function offlineVerifier(): Promise<string> {
  const source = await readFile(new URL('offline-verifier.ts', import.meta.url), 'utf8')
  return quietly(() => stripTypeScriptTypes(source)).replaceAll(/[ \t]+$/gm, '')
}

/** Node warns that the function is young; officers can do nothing with that. */
function quietly<T>(work: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return work()
  } finally {
    process.emitWarning = emitWarning
  }
}
