// Checks an export of a Persistent Chat archive: every entry is there, in order, and as it was signed.
//
//   node verify.mjs --key archive-public.pem [--folder .] [--anchors anchors.jsonl] [--json]
//
// It needs this file, the export and the public key; get the key from somebody else than the export. Exit code 0: sound, 1: not.
// What is proven of an export that begins or ends in the middle of the archive: nothing is missing, changed or added between its
// first and its last entry. That nothing is missing before and behind is proven by the archive itself, and by its anchors.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Head = {
  archive: string
  batch: number
  first: number
  last: number
  root: string
  previous: string
  fence: number
  at: string
}
type SignedHead = { head: Head; signature: string }

// Written a second time on purpose: this file trusts nothing of the program whose output it checks.
const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function textOf({ archive, batch, first, last, root, previous, fence, at }: Head): string {
  const lines = [
    `archive ${archive}`,
    `batch ${batch}`,
    `entries ${first} ${last}`,
    `root ${root}`,
    `previous ${previous}`,
  ]
  return `${['pchat archive head 1', ...lines, `fence ${fence}`, `at ${at}`].join('\n')}\n`
}

/** RFC 6962 §2.1, as it is written there. */
function treeHash(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  return sha256(Uint8Array.of(1), treeHash(leaves.slice(0, half)), treeHash(leaves.slice(half)))
}

/** Ended by line feeds alone: a message may hold the other characters that end lines for some, such as U+2028. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}

type Result = { sound: boolean; entries: number; batches: number; first: number; last: number; firstBad: string | null }

async function check(folder: string, keys: string[], anchorFile: string | undefined): Promise<Result> {
  const result: Result = { sound: true, entries: 0, batches: 0, first: 0, last: 0, firstBad: null }
  const bad = (sentence: string): Result => ({ ...result, sound: false, firstBad: sentence })
  const publicKeys = keys.map(key => createPublicKey(key))
  const anchors = new Map<number, string>()
  if (anchorFile !== undefined)
    for await (const line of linesOf(anchorFile)) {
      try {
        const { archive, batch, hash } = JSON.parse(line) as { archive: string; batch: number; hash: string }
        anchors.set(batch, `${archive} ${hash}`)
      } catch {
        // A line that was cut off while it was written.
      }
    }
  const lines = linesOf(join(folder, 'entries.jsonl'))
  let previous: string | undefined
  for await (const line of linesOf(join(folder, 'heads.jsonl'))) {
    const signed = JSON.parse(line) as SignedHead
    const { head } = signed
    const text = textOf(head)
    const hash = sha256(text).toString('hex')
    if (result.batches > 0 && head.first !== result.last + 1)
      return bad(`Batch ${head.batch} begins at entry ${head.first}, after ${result.last}: what is between is missing.`)
    if (previous !== undefined && head.previous !== previous)
      return bad(`Batch ${head.batch} does not follow the batch before it.`)
    if (!publicKeys.some(key => verify(null, Buffer.from(text), key, Buffer.from(signed.signature, 'base64'))))
      return bad(`The signature of batch ${head.batch} is of another key.`)
    const anchor = anchors.get(head.batch)
    if (anchor !== undefined && anchor !== `${head.archive} ${hash}`)
      return bad(`Batch ${head.batch} is not the one that was anchored.`)
    const leaves: Uint8Array[] = []
    for (let seq = head.first; seq <= head.last; seq += 1) {
      const { value, done } = await lines.next()
      if (done) return bad(`Entry ${seq} is missing.`)
      const said = seqOf(value)
      if (said !== seq)
        return bad(`Entry ${seq} is missing; ${said === undefined ? 'no entry' : `entry ${said}`} stands there.`)
      leaves.push(sha256(Uint8Array.of(0), value))
      result.entries += 1
    }
    if (Buffer.from(treeHash(leaves)).toString('hex') !== head.root)
      return bad(`Of entries ${head.first} to ${head.last} at least one is not what was signed.`)
    if (result.batches === 0) result.first = head.first
    result.batches += 1
    result.last = head.last
    previous = hash
  }
  if (!(await lines.next()).done) return bad(`Behind entry ${result.last} stands what no head has signed.`)
  if (result.batches === 0) return bad('There is no head in heads.jsonl.')
  return result
}

function seqOf(line: string): number | undefined {
  try {
    return (JSON.parse(line) as { seq: number }).seq
  } catch {
    return undefined
  }
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

const [keyFile, folder, anchorFile] = [option('--key'), option('--folder') ?? '.', option('--anchors')]
if (keyFile === undefined || !existsSync(keyFile)) {
  process.stderr.write('Name the file of the public key: node verify.mjs --key archive-public.pem\n')
  process.exit(2)
}
const keys = readFileSync(keyFile, 'utf8').match(/-----BEGIN PUBLIC KEY-----[\s\S]+?-----END PUBLIC KEY-----/g) ?? []
const result = await check(folder, keys, anchorFile)
const { sound, entries, first, last, batches, firstBad } = result
const sentence = sound
  ? `Sound: ${entries} entries, ${first} to ${last}, in ${batches} signed batches.`
  : `NOT sound: ${firstBad}`
process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(result, null, 2) : sentence}\n`)
process.exitCode = sound ? 0 : 1
