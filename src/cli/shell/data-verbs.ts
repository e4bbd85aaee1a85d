import { access, writeFile } from 'node:fs/promises'
import type { Db } from '../../store/db.ts'
import type { Exported } from './data-export.ts'
import { type Level, levels } from './data-level.ts'
import { htmlReport } from './data-report.ts'
import { Misuse } from './fault.ts'
import type { Imported } from './import-run.ts'
import { categoryOf } from './names.ts'
import { choice, instant, list } from './values.ts'
import type { Answer, Change, Given, Plan, Shell, ShellVerb, Values } from './verb.ts'

const report = { name: 'report', value: '<file>', text: 'HTML page that says what was done' }
const onMachine = `It works on the machine itself, with --database-url or --data-dir. docs/export-format.md describes the archive.`

export const dataVerbs: ShellVerb[] = [
  {
    path: ['data', 'export'],
    text: 'write people, categories, rooms and what is in them into an archive',
    about: `${onMachine}
Levels: user: people and groups; category: these and categories; room-directory: these and rooms; content: what is in rooms; all: everything,
the default. Passwords, roles of administration and the bytes of files are in no archive; which files are left is in the report.`,
    options: [
      {
        name: 'file-name',
        value: '<file>',
        text: 'the archive, a zip file; - writes it to standard output; must be given',
      },
      choice('level', 'how much; default: all', levels, {
        roomdirectory: 'room-directory',
      }),
      list('scope', 'names or ids of categories, whose rooms alone are written; all unless said'),
      instant('start-date', 'of what is in rooms only messages from then on; a day alone begins at midnight', 'start'),
      { name: 'disable-exported-nodes', text: 'disable the rooms that were written, once the archive is there' },
      report,
    ],
    cmdlet: 'Export-CsPersistentChatData',
    examples: [
      'pchat data export --file-name all.zip --report all.html --data-dir /srv/pchat',
      'pchat data export --file-name trading.zip --scope Trading --start-date 2026-01-01 --what-if',
    ],
    plan: planExport,
  },
  {
    path: ['data', 'import'],
    text: 'bring an archive in: merged, what has the same name overwritten',
    about: `${onMachine}
Look at it with --what-if first. People are matched by name; groups get members and lose none, and what a source owns is left;
categories and rooms of the same name are overwritten with their lists. Messages keep their places, and are put behind the end of a
room; where another message, or none, stands at one of these places, the content of that room is left out and told. While compliance
recording is on no messages are imported. A room that is made is disabled until its content is in. A damaged archive changes nothing.
An import that was killed is run again and ends as if it had not been.`,
    argument: { name: 'file', text: 'the archive', required: false },
    options: [{ name: 'file-name', value: '<file>', text: 'the same as the argument' }, report],
    cmdlet: 'Import-CsPersistentChatData',
    examples: [
      'pchat data import all.zip --what-if --database-url postgres://pchat@db1/pchat',
      'pchat data import all.zip --report imported.html --confirm --data-dir /srv/pchat',
    ],
    destroys: true,
    plan: planImport,
  },
]

function storeOf({ db }: Shell): Db {
  if (db) return db
  throw new Misuse('This works on the machine itself. Name its store with --database-url or --data-dir.')
}

async function planExport(shell: Shell, { options }: Given): Promise<Plan> {
  const db = storeOf(shell)
  const {
    fileName,
    level = 'all',
    startDate,
    disableExportedNodes,
    report,
  } = options as Values & {
    fileName?: string
    level?: Level
    startDate?: string
    disableExportedNodes?: boolean
    report?: string
  }
  if (fileName === undefined) throw new Misuse('--file-name is missing: the archive to write.')
  if (fileName === '-' && options.json)
    throw new Misuse('--file-name - writes the archive where --json writes its answer. Leave one of them out.')
  const refs = options.scope as string[] | undefined
  const scope = refs === undefined ? null : await Promise.all(refs.map(ref => categoryOf(shell, ref)))
  const isThere =
    fileName !== '-' &&
    (await access(fileName).then(
      () => true,
      () => false,
    ))
  const rooms = await roomsOf(db, scope?.map(one => one.id) ?? null, level)
  const changes: Change[] = [
    {
      what: fileName,
      change: isThere ? 'overwrite' : 'create',
      now: '',
      after: `level ${level}, ${rooms.length} rooms`,
    },
  ]
  if (disableExportedNodes)
    for (const one of rooms)
      if (!one.disabled) changes.push({ what: `room ${one.name}`, change: 'disabled', now: 'no', after: 'yes' })
  return {
    changes,
    async apply() {
      const { exportData } = await import('./data-export.ts')
      const done = await exportData(db, {
        ...{ file: fileName, level, scope, since: startDate, rooms: rooms.length },
        onProgress: (entry, records) => shell.progress(records, records + 1, `of ${entry}`),
      })
      let disabled = 0
      if (disableExportedNodes)
        for (const room of done.rooms.filter(one => !one.disabled)) {
          await shell.call('room.update', { room: room.id, disabled: true })
          disabled += 1
        }
      if (report !== undefined) await writeFile(report, exportReport(fileName, done, disabled))
      return exportAnswer(fileName, done, disabled)
    },
  }
}

/** What the archive would have, as far as it can be told without reading all of it. */
async function roomsOf(db: Db, categories: string[] | null, level: Level) {
  const { entriesOf } = await import('./data-export.ts')
  if (!entriesOf[level].includes('rooms.jsonl')) return []
  const { inSnapshot, readArchivedRooms } = await import('../../store/archive-read.ts')
  return inSnapshot(db, async tx => {
    const rooms = []
    for await (const { name, disabled } of readArchivedRooms(tx, categories, undefined)) rooms.push({ name, disabled })
    return rooms
  })
}

function exportAnswer(file: string, { manifest, leftOut }: Exported, disabled: number): Answer {
  const counts = manifest.entries.map(({ name, records }) => `${records} lines of ${name}`).join(', ')
  // The archive itself may go to standard output.
  if (file === '-') return { value: {} }
  return {
    value: { file, manifest, filesLeft: leftOut, disabled },
    lines: [`${file}: ${counts}; ${leftOut} files stay in the file store.`],
  }
}

function exportReport(file: string, { manifest, files, leftOut, rooms }: Exported, disabled: number): string {
  const { exportedAt, level, scope, startDate, entries } = manifest
  return htmlReport(`Export into ${file}`, [
    {
      heading: 'What was asked for',
      table: [
        ['Setting', 'Value'],
        ['At', exportedAt],
        ['Level', level],
        ['Categories', scope?.join(', ') ?? 'all'],
        ['Messages from', startDate ?? 'the first'],
        ['Rooms disabled', `${disabled}`],
      ],
    },
    {
      heading: 'What was written',
      table: [
        ['Entry', 'Lines', 'Bytes', 'SHA-256'],
        ...entries.map(one => [one.name, `${one.records}`, `${one.bytes}`, one.sha256]),
      ],
    },
    { heading: `Rooms: ${rooms.length}`, table: [['Room', 'Id'], ...rooms.map(one => [one.name, one.id])] },
    {
      heading: `Files that stay in the file store: ${leftOut}`,
      table: [
        ['Room', 'Place', 'File', 'Bytes'],
        ...files.map(one => [one.room, `${one.seq}`, one.name, `${one.size}`]),
      ],
    },
  ])
}

async function planImport(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const db = storeOf(shell)
  const { fileName, report } = options as { fileName?: string; report?: string }
  const file = identity ?? fileName
  if (file === undefined) throw new Misuse('The archive is missing. Name it before the options, or with --file-name.')
  const [{ openArchiveReader }, { importData }] = await Promise.all([
    import('./archive.ts'),
    import('./data-import.ts'),
  ])
  const run = async (dryRun: boolean) => {
    const archive = await openArchiveReader(file)
    try {
      return await importData(db, archive, { dryRun, tell: shell.progress })
    } finally {
      archive.close()
    }
  }
  const would = await run(true)
  const overwritten = would.categories.overwritten + would.rooms.overwritten
  return {
    changes: [
      ...would.changes,
      ...(would.moreChanges > 0 ? [{ what: `and ${would.moreChanges} more`, change: '', now: '', after: '' }] : []),
      ...would.faults.map(({ what, message }) => ({ what, change: 'left out', now: message, after: '' })),
    ],
    destroys:
      overwritten === 0
        ? undefined
        : `${overwritten} categories and rooms have the same name here: they are overwritten, for good.`,
    async apply() {
      const { changes: _, moreChanges: __, ...done } = await run(false)
      if (report !== undefined) await writeFile(report, importReport(file, done))
      if (done.faults.length > 0) shell.io.exit(1)
      return { value: done, lines: importLines(done) }
    },
  }
}

type Done = Omit<Imported, 'changes' | 'moreChanges'>

function importLines({ principals, categories, rooms, messages, remarks, faults }: Done): string[] {
  return [
    `${principals.added} principals added, ${principals.changed} changed; ${categories.created} categories made, ${categories.overwritten} overwritten; ` +
      `${rooms.created} rooms made, ${rooms.overwritten} overwritten; ${messages.added} messages added, ${messages.there} were there.`,
    ...[...remarks, ...faults].map(({ what, message }) => `${what}: ${message}`),
  ]
}

function importReport(file: string, { faults, remarks, ...done }: Done): string {
  const counts = Object.entries(done).flatMap(([what, parts]) =>
    Object.entries(parts).map(([part, count]) => [what, part, `${count}`]),
  )
  return htmlReport(`Import of ${file}`, [
    { heading: 'What was done', table: [['What', 'How', 'Count'], ...counts] },
    {
      heading: `Not as in the archive: ${remarks.length}`,
      table: [['What', 'Why'], ...remarks.map(one => [one.what, one.message])],
    },
    { heading: `Left out: ${faults.length}`, table: [['What', 'Why'], ...faults.map(one => [one.what, one.message])] },
  ])
}
