import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AdapterSettings, Batch } from '../adapter.ts'
import { readEntry } from '../entry.ts'
import { conversationsOf, happeningsOf } from '../happening.ts'
import { writeWhole } from '../output.ts'
import { openAdapter } from '../produce.ts'
import { csvLine } from './csv.ts'
import { lyncXml } from './lync-xml.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const xsd = at('../../../docs/compliance/lync-xml.xsd')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pchat-formats-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const room = (name: string, n: number) => ({
  id: `00000000-0000-4000-8000-00000000000${n}`,
  name,
  uri: `ma-chan://example.com/00000000-0000-4000-8000-00000000000${n}`,
  ...{ category: 'Markets', type: 'normal', privacy: 'closed', logged: true },
})
const [desk, board] = [room('Trading <desk> & "co"', 1), room('Bòard, 役員', 2)]
const [ann, ben] = [
  {
    id: '00000000-0000-4000-8000-0000000000a1',
    name: 'ann@example.com',
    displayName: 'Ann',
    email: 'ann@mail.example.com',
  },
  { id: '00000000-0000-4000-8000-0000000000a2', name: 'ben@example.com', displayName: 'Bén, "the" best' },
]
const file = {
  id: '00000000-0000-4000-8000-0000000000f1',
  name: 'plan\n2.pdf',
  size: 100,
  type: 'application/pdf',
  sha256: 'ab'.repeat(32),
}

/** One of everything, in the order of the archive. */
const events: [kind: string, position: number | null, data: object][] = [
  ['sign-in', null, { actor: ann }],
  ['join', null, { actor: ann, rooms: [desk, { ...board, read: { from: 1, through: 3, count: 3 } }] }],
  ['chat', 4, { actor: ann, room: desk, text: 'Line one\nline two\t& <b> "quoted" \u0007 🙂', alert: true }],
  ['chat', 5, { actor: ben, room: desk, text: '=SUM(A1)', title: 'A story' }],
  ['chat', 6, { actor: ben, room: board, text: '', title: null, alert: false, file }],
  ['download', 6, { actor: ann, room: board, file }],
  ['read', 9, { actor: ben, room: desk, from: 1, through: 9, count: 8 }],
  [
    'search',
    null,
    { actor: ben, text: 'gold, "silver"', rooms: [{ ...desk, read: { from: 2, through: 2, count: 1 } }] },
  ],
  ['change', null, { actor: ann, action: 'room.update', subject: desk.id, detail: { name: 'x' } }],
  ['part', null, { actor: ann, rooms: [desk, board] }],
]
const texts = events.map(([kind, position, data], n) =>
  JSON.stringify({
    ...{ seq: n + 1, event: `00000000-0000-4000-8000-0000000001${String(n).padStart(2, '0')}` },
    at: new Date(Date.UTC(2026, 10, 30, 12, 0, n, 953)).toISOString(),
    ...{ kind, room: null, position, data },
  }),
)
const entries = texts.map(readEntry)
const batch: Batch = {
  ...{ id: 'golden-20261130T120000Z-1-10', archive: 'archive', firstSeq: 1, lastSeq: 10, from: '', until: '' },
  ...{ entries, texts, conversations: conversationsOf(entries.flatMap(happeningsOf)) },
  numberOf: person => (person === ann.id ? 1 : 2),
}
async function* bytes() {
  yield Buffer.alloc(60, 'x')
  yield Buffer.alloc(40, 'y')
}

async function produce(type: string, more: Partial<AdapterSettings> = {}) {
  const outputDirectory = mkdtempSync(join(folder, 'out-'))
  const settings: AdapterSettings = {
    ...{ name: 'golden', outputDirectory, oneRoomPerFile: false, roomDetails: false, userDetails: false },
    ...{ attachmentsManifest: false, custom: {}, ...more },
  }
  const adapter = await openAdapter(type, settings)
  const names = await writeWhole(outputDirectory, output => adapter.translate(batch, output, bytes))
  expect(readdirSync(outputDirectory).sort()).toEqual([...new Set(names)].sort())
  return { outputDirectory, read: (name: string) => readFileSync(join(outputDirectory, name), 'utf8'), names }
}

/** Compared to the letter; PCHAT_GOLDEN=write makes them anew, to be looked at. */
function expectGolden(name: string, text: string) {
  const path = at(`golden/${name}`)
  if (process.env.PCHAT_GOLDEN === 'write') writeFileSync(path, text)
  expect(text).toBe(readFileSync(path, 'utf8'))
}

for (const [type, ending] of [
  ['xml', 'xml'],
  ['csv', 'csv'],
  ['json-lines', 'jsonl'],
  ['actiance', 'xml'],
] as const)
  test(`[CP10] the format ${type} is the golden one to the letter`, async () => {
    const { read } = await produce(type)
    expectGolden(`${type}.${ending}`, read(`${batch.id}.${ending}`))
  })

test('[CP10] the format mail is the golden one to the letter', async () => {
  const { read, names } = await produce('mail')
  expect(names).toHaveLength(2)
  for (const [index, name] of names.entries()) expectGolden(`mail-${index + 1}.eml`, read(name))
})

test('[CP11] xmllint finds the XML valid by the published schema, with and without details', async () => {
  for (const details of [false, true]) {
    const { outputDirectory } = await produce('xml', { roomDetails: details, userDetails: details })
    execFileSync('xmllint', ['--noout', '--nonet', '--schema', xsd, join(outputDirectory, `${batch.id}.xml`)], {
      stdio: 'pipe',
    })
  }
  const wrong = join(folder, 'wrong.xml')
  writeFileSync(
    wrong,
    '<Conversations><Conversation><Messages><Message type="WAVE"/></Messages></Conversation></Conversations>',
  )
  expect(() => execFileSync('xmllint', ['--noout', '--schema', xsd, wrong], { stdio: 'pipe' })).toThrow()
})

test('[CP11] whatever was said, an XML reader gives it back, but for what XML has no place for', () => {
  const path = join(folder, 'said.xml')
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), text => {
      const said = happeningsOf(
        readEntry(JSON.stringify({ ...JSON.parse(texts[2]!), data: { actor: ann, room: desk, text } })),
      )
      writeFileSync(
        path,
        lyncXml(conversationsOf(said), { roomDetails: false, userDetails: false }, () => 1),
      )
      const back = execFileSync('xmllint', ['--nonet', '--xpath', 'string(//Message/@content)', path], {
        encoding: 'utf8',
      })
      const kept = text
        .toWellFormed()
        .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
      expect(back.slice(0, -1)).toBe(kept)
    }),
    { numRuns: 40 },
  )
})

test('[CP12] a transformation is applied by xsltproc; one that fails fails the batch, which leaves no file', async () => {
  const { read } = await produce('xml', { transformation: at('../../../docs/compliance/transcript.xslt') })
  const page = read(`${batch.id}.xml`)
  expect(page).toContain('<td>ann@example.com</td>')
  expect(page).toContain('<h2>Bòard, 役員</h2>')
  const broken = join(folder, 'broken.xslt')
  writeFileSync(broken, '<nothing/>')
  await expect(produce('xml', { transformation: broken })).rejects.toThrow('xsltproc could not apply')
  for (const name of readdirSync(folder).filter(each => each.startsWith('out-')))
    expect(readdirSync(join(folder, name)).filter(each => each.startsWith('.'))).toEqual([])
})

test('[CP13] rooms stand in files of their own where it is set, and the manifest names every transfer', async () => {
  const { names, read } = await produce('xml', { oneRoomPerFile: true, attachmentsManifest: true })
  expect(names.sort()).toEqual(
    [`${batch.id}-${desk.id}.xml`, `${batch.id}-${board.id}.xml`, `${batch.id}.ATTACH`].sort(),
  )
  const lines = read(`${batch.id}.ATTACH`)
    .trimEnd()
    .split('\n')
    .map(line => line.split('\t'))
  expect(lines.map(line => line.length)).toEqual([8, 8])
  expect(lines.map(line => line[1])).toEqual(['FILEUPLOAD', 'FILEDOWNLOAD'])
  expect(lines[0]).toContain('plan 2.pdf')
})

/** As a program that we did not write reads it. */
function python<T>(script: string, ...args: string[]): T {
  return JSON.parse(
    execFileSync('python3', ['-c', script, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
  ) as T
}

test('[CP14] a strict reader of CSV gives back every value, guarded where a spreadsheet would compute it', async () => {
  const { outputDirectory } = await produce('csv')
  const rows = python<string[][]>(
    'import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True))))',
    join(outputDirectory, `${batch.id}.csv`),
  )
  expect(new Set(rows.map(row => row.length)).size).toBe(1)
  expect(rows).toHaveLength(1 + 11)
  const content = rows[0]!.indexOf('Content')
  expect(rows.map(row => row[content])).toContain("'=SUM(A1)")
  expect(rows.map(row => row[content])).toContain('Line one\nline two\t& <b> "quoted" \u0007 🙂')
  expect(csvLine(['-1', '+1', '@x', 'plain', 'a,b'])).toBe(`"'-1","'+1","'@x",plain,"a,b"\r\n`)
})

const readMail = `
import email, email.policy, json, sys
m = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
parts = [p for p in m.walk() if not p.is_multipart()]
print(json.dumps({'subject': m['Subject'], 'to': m['To'], 'id': m['Message-ID'], 'defects': [str(d) for p in m.walk() for d in p.defects],
  'text': parts[0].get_content(), 'files': [{'name': p.get_filename(), 'text': p.get_payload(decode=True).decode()} for p in parts[1:]]}))`
type Mail = {
  subject: string
  to: string
  id: string
  defects: string[]
  text: string
  files: { name: string; text: string }[]
}

test('[CP15] a mail reader gives back names, text and attachments; the same batch has the same ids', async () => {
  const [first, second] = [await produce('mail'), await produce('mail')]
  const read = (one: typeof first) => one.names.map(name => python<Mail>(readMail, join(one.outputDirectory, name)))
  const [mails, again] = [read(first), read(second)]
  expect(again).toEqual(mails)
  const [ofBoard, ofDesk] = [
    mails.find(one => one.subject.includes('Bòard'))!,
    mails.find(one => one.subject.includes('Trading'))!,
  ]
  expect(ofDesk.subject).toBe('Persistent Chat: Trading <desk> & "co"')
  expect(mails.flatMap(one => one.defects)).toEqual([])
  expect(ofDesk.to).toContain('ann@mail.example.com')
  expect(ofDesk.text).toContain('Line one\nline two')
  expect(ofBoard.files).toEqual([{ name: `${file.id}.pdf`, text: 'x'.repeat(60) + 'y'.repeat(40) }])
})

test('[CP15] attachments that do not fit into one mail go into several, and none is left out', async () => {
  const large = { ...file, id: '00000000-0000-4000-8000-0000000000f2', name: 'large.bin', size: 5 * 1024 * 1024 }
  const entry = readEntry(JSON.stringify({ ...JSON.parse(texts[4]!), data: { actor: ben, room: board, file: large } }))
  const outputDirectory = mkdtempSync(join(folder, 'out-'))
  const adapter = await openAdapter('mail', {
    ...{ name: 'mail', outputDirectory, oneRoomPerFile: false, roomDetails: false, userDetails: false },
    ...{ attachmentsManifest: false, custom: { partMib: '2' } },
  })
  async function* megabytes() {
    for (let n = 0; n < 5; n += 1) yield Buffer.alloc(1024 * 1024, 97 + n)
  }
  const conversations = conversationsOf(happeningsOf(entry))
  const names = await writeWhole(outputDirectory, output =>
    adapter.translate({ ...batch, conversations }, output, megabytes),
  )
  const mails = names.map(name => python<Mail>(readMail, join(outputDirectory, name)))
  expect(mails.map(one => one.files.map(each => each.name))).toEqual(
    [1, 2, 3].map(n => [`${large.id}.bin.part${n}of3`]),
  )
  expect(new Set(mails.map(one => one.id)).size).toBe(3)
  const whole = mails.flatMap(one => one.files.map(each => each.text)).join('')
  expect(whole === 'abcde'.replaceAll(/./g, letter => letter.repeat(1024 * 1024))).toBe(true)
})

test('[CP16] a file that cannot be had fails the batch, and nothing of it appears', async () => {
  const outputDirectory = mkdtempSync(join(folder, 'out-'))
  for (const type of ['actiance', 'mail']) {
    const adapter = await openAdapter(type, {
      ...{ name: type, outputDirectory, oneRoomPerFile: false, roomDetails: false, userDetails: false },
      ...{ attachmentsManifest: false, custom: {} },
    })
    // biome-ignore lint/correctness/useYield: it ends before it has anything
    async function* gone(): AsyncGenerator<Uint8Array> {
      throw new Error('the file store is away')
    }
    await expect(writeWhole(outputDirectory, output => adapter.translate(batch, output, gone))).rejects.toThrow(
      'the file store is away',
    )
    expect(readdirSync(outputDirectory)).toEqual([])
  }
})

test('[CP17] adapters of others are modules that export configure and translate', async () => {
  const module = join(folder, 'own.mjs')
  writeFileSync(
    module,
    `let name
     export function configure(settings) { name = settings.custom.file }
     export async function translate(batch, output) { await output.write(name, String(batch.entries.length)) }`,
  )
  const { read } = await produce(module, { custom: { file: 'count.txt' } })
  expect(read('count.txt')).toBe('10')
  writeFileSync(join(folder, 'half.mjs'), 'export function configure() {}')
  await expect(produce(join(folder, 'half.mjs'))).rejects.toThrow('does not export configure and translate')
  await expect(produce('yaml')).rejects.toThrow('There is no adapter yaml')
  const evil = join(folder, 'evil.mjs')
  writeFileSync(
    evil,
    `export function configure() {}\nexport const translate = (batch, output) => output.write('../out.txt', '')`,
  )
  await expect(produce(evil)).rejects.toThrow('is no name of a file')
})
