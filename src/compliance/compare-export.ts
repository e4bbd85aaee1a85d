import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Queryable } from '../store/db.ts'
import { readTexts } from './archive.ts'

export type ExportSummary = { files: number; entries: number }
type Tell = (fault: { file: string; seq?: number; sentence: string }) => void

/** `<adapter>-<time>-<first>-<last>.jsonl`, as the adapter writes it. */
const named = /^(.+)-\d{8}T\d{6}Z-(\d+)-(\d+)\.jsonl$/
const linesAtOnce = 1_000

type File = { folder: string; name: string; adapter: string; first: number; last: number }

/** Reads what JSON-lines adapters have written and compares it, line by line, with the archive; between an adapter's first and last file none is missing. */
export async function compareExports(q: Queryable, folders: readonly string[], tell: Tell): Promise<ExportSummary> {
  const summary = { files: 0, entries: 0 }
  for (const folder of folders) {
    const files = (await readdir(folder)).flatMap(name => {
      const parts = named.exec(name)
      if (!parts || name.startsWith('.')) return []
      return [{ folder, name, adapter: parts[1]!, first: Number(parts[2]), last: Number(parts[3]) }]
    })
    for (const ofAdapter of Map.groupBy(files, file => file.adapter).values()) {
      ofAdapter.sort((a, b) => a.first - b.first)
      compareRanges(ofAdapter, tell)
      for (const file of ofAdapter) {
        summary.files += 1
        summary.entries += await compareFile(q, file, tell)
      }
    }
  }
  return summary
}

function compareRanges(files: File[], tell: Tell) {
  for (const [index, { name: file, first }] of files.entries()) {
    const before = files[index - 1]
    if (!before) continue
    if (first <= before.last)
      tell({ file, seq: first, sentence: `Entries ${first} to ${before.last} are in ${before.name} and in ${file}.` })
    else if (first > before.last + 1)
      tell({ file, seq: before.last + 1, sentence: `Entries ${before.last + 1} to ${first - 1} are in no file.` })
  }
}

async function compareFile(q: Queryable, { folder, name: file, first, last }: File, tell: Tell): Promise<number> {
  let next = first
  let held: string[] = []
  let isTold = false
  const compareHeld = async () => {
    const texts = await readTexts(q, next, next + held.length - 1)
    const archived = new Map(texts.map(({ seq, text }) => [seq, text]))
    for (const line of held) {
      if (!isTold && archived.get(next) !== line) {
        // The first one says it: behind a line too many all others stand wrong.
        isTold = true
        const seq = next
        tell({ file, seq, sentence: `In ${file} something else stands where entry ${seq} of the archive should.` })
      }
      next += 1
    }
    held = []
  }
  for await (const line of linesOf(join(folder, file))) {
    held.push(line)
    if (held.length === linesAtOnce) await compareHeld()
  }
  if (held.length > 0) await compareHeld()
  if (!isTold && next !== last + 1)
    tell({ file, seq: next, sentence: `${file} has ${next - first} entries and should have ${last - first + 1}.` })
  return next - first
}

/** Ended by line feeds alone: a text may hold the other characters that end lines for some. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}
