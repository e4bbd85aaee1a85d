import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './source.ts'

/** A version of the program in a folder of its own. */
export type Version = {
  folder: string
  /** How it is started, for runPchat. */
  program: string[]
  /** The newest schema that it knows. */
  schema: number
  protocol: number
}

export const nextSchema = 900
export const contraction = 901
/** What every event of the next version has beside what this one knows. */
export const nextMember = { from: 'the next version' }

/** What the next version changes in the text of a file. */
type Patch = [path: string, from: string | RegExp, to: string]

const busPatch = `function nextMessages({ head, frame }) {
  return [
    { head: { kind: 'next.thing', room: head.room, seq: 1, member: 'nobody', n: 1, ask: 1, rooms: [], people: [] }, frame },
    { head: { kind: 'next.bare' } },
    { head: { ...head, nextMember: { deep: [1] } }, frame },
  ]
}
`

const patches: Patch[] = [
  [
    'src/protocol/message-verbs.ts',
    "'Post into a room',\n    {",
    "'Post into a room',\n    { nextHint: optional(Text()),",
  ],
  ['src/protocol/settings-verbs.ts', /(PoolSettings = Type\.Object\(\{)/, '$1 nextSetting: Type.Integer(),'],
  ['src/store/settings.ts', /(defaultSettings: PoolSettings = \{)/, '$1 nextSetting: 7,'],
  [
    'src/pool/frame.ts',
    'JSON.stringify(event)',
    `JSON.stringify({ ...event, nextMember: ${JSON.stringify(nextMember)} })`,
  ],
  [
    'src/chat/live.ts',
    /(return \{ )(\.\.\.result, \.\.\.\(participants)/,
    `$1nextMember: ${JSON.stringify(nextMember)}, $2`,
  ],
  [
    'src/pool/nats.ts',
    'quietly(() => connection?.publish(nameOf(subject), encodeMessage(message)))',
    'for (const one of nextMessages(message)) quietly(() => connection?.publish(nameOf(subject), encodeMessage(one)))',
  ],
  ['src/pool/nats.ts', /$/, `\n${busPatch}`],
]

/** Tables that it widens, those among them that posts and hubs are busy with. */
const widened = [
  'principal',
  'session',
  'category',
  'room',
  'room_head',
  'room_user',
  'message',
  'change',
  'pool',
  'stamp',
]
const wideningSql = [...widened, 'server', 'server_process'].map(
  table => `ALTER TABLE ${table} ADD COLUMN next_note text, ADD COLUMN next_count int NOT NULL DEFAULT 0;`,
)

/** The version after this one: a wider schema and protocol, news on the bus that this version does not know. */
export async function makeNextVersion(folder: string): Promise<Version> {
  const before = await newestIn(root)
  await copyProgram(root, folder)
  for (const patch of patches) await change(folder, patch)
  const protocol = 1 + Number(/PROTOCOL_VERSION = (\d+)/.exec(await read(folder, 'src/protocol/version.ts'))?.[1])
  await change(folder, ['src/protocol/version.ts', /PROTOCOL_VERSION = \d+/, `PROTOCOL_VERSION = ${protocol}`])
  await change(folder, ['package.json', /"version": "[^"]+"/, '"version": "90.0.0"'])
  const sql = [
    '-- An expansion.',
    `-- serves from schema ${before} on`,
    ...wideningSql,
    'CREATE TABLE next_thing (room uuid PRIMARY KEY, note text NOT NULL);',
    'CREATE INDEX room_next_note ON room (next_note);',
  ]
  await addMigration(folder, nextSchema, sql)
  return { folder, program: programIn(folder), schema: nextSchema, protocol }
}

/** The version after that one: it takes away what only programs before the next version use. */
export async function makeVersionAfter(next: Version, folder: string): Promise<Version> {
  await copyProgram(next.folder, folder)
  await change(folder, ['package.json', /"version": "[^"]+"/, '"version": "91.0.0"'])
  await addMigration(folder, contraction, [
    '-- A contraction.',
    `-- serves from schema ${nextSchema} on`,
    'ALTER TABLE room DROP COLUMN next_note;',
  ])
  return { ...next, folder, program: programIn(folder), schema: contraction }
}

const programIn = (folder: string) => [process.execPath, join(folder, 'src/cli/main.ts')]
const read = (folder: string, path: string) => readFile(join(folder, path), 'utf8')

async function copyProgram(from: string, to: string): Promise<void> {
  const isNeeded = (path: string) => !/\.test\.ts$|\/client\/dist(\/|$)/.test(path)
  await cp(join(from, 'src'), join(to, 'src'), { recursive: true, filter: isNeeded })
  await cp(join(from, 'package.json'), join(to, 'package.json'))
  await symlink(join(root, 'node_modules'), join(to, 'node_modules'))
}

async function change(folder: string, [path, from, to]: Patch): Promise<void> {
  const text = await read(folder, path)
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`${path} has no ${from} any more: mend the patch in test/next-version.ts.`)
  await writeFile(join(folder, path), changed)
}

function addMigration(folder: string, version: number, lines: string[]): Promise<void> {
  return writeFile(join(folder, `src/store/migrations/0${version}_next.sql`), `${lines.join('\n')}\n`)
}

async function newestIn(folder: string): Promise<number> {
  const names = await readdir(join(folder, 'src/store/migrations'))
  return Math.max(...names.map(name => Number.parseInt(name, 10)))
}
