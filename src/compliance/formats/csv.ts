import type { Adapter, AdapterSettings, Batch, Output } from '../adapter.ts'
import { type Conversation, storedName } from '../happening.ts'
import { writeManifest } from './manifest.ts'

const columns = [
  ...['Archive Entry', 'Time', 'Type', 'Room Id', 'Room Uri', 'Room Name', 'Category', 'User Id', 'User Name'],
  ...[
    'Display Name',
    'Email',
    'Message Number',
    'Title',
    'Content',
    'High Importance',
    'File',
    'File Size',
    'File SHA-256',
  ],
]

/** Comma-separated values as RFC 4180 has them, UTF-8, one line a happening. */
export function openCsv(): Adapter {
  let settings: AdapterSettings
  return {
    configure(given) {
      settings = given
    },
    async translate(batch, output) {
      const { conversations } = batch
      if (conversations.length === 0) return
      if (settings.oneRoomPerFile)
        for (const one of conversations) await write(output, [one], `${batch.id}-${one.room.id}`)
      else await write(output, conversations, batch.id)
      if (settings.attachmentsManifest) await writeManifest(batch, output)
    },
  }
}

function write(output: Output, conversations: Batch['conversations'], name: string): Promise<void> {
  async function* lines() {
    yield csvLine(columns)
    for (const one of conversations) yield conversationLines(one)
  }
  return output.write(`${name}.csv`, lines())
}

function conversationLines({ happenings }: Conversation): string {
  return happenings
    .map(({ seq, atMs, type, room, actor, id, title, content, alert, file }) =>
      csvLine([
        ...[String(seq), new Date(atMs).toISOString(), type, room.id, room.uri, room.name, room.category],
        ...[actor.id, actor.name, actor.displayName, actor.email ?? ''],
        ...[id === 0 ? '' : String(id), title ?? '', content, alert ? 'yes' : ''],
        ...(file ? [storedName(file), String(file.size), file.sha256 ?? ''] : ['', '', '']),
      ]),
    )
    .join('')
}

export function csvLine(values: string[]): string {
  return `${values.map(csvValue).join(',')}\r\n`
}

/** What a spreadsheet would take for a formula gets an apostrophe before it. */
function csvValue(text: string): string {
  const guarded = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(guarded) || guarded !== text ? `"${guarded.replaceAll('"', '""')}"` : guarded
}
