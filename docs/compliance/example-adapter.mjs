// An adapter for a Persistent Chat archive: a file of plain text for each batch. Copy it, and write what your archive takes.
//
//   pchat compliance adapter set transcript --type /srv/pchat/example-adapter.mjs --output-directory /srv/transcripts \
//     --custom greeting="Transcript of the trading floor"

let greeting

/** Once, before the first batch. What it throws stands in `pchat compliance status`, and it is tried again. */
export function configure(settings) {
  greeting = settings.custom.greeting ?? 'Transcript'
  if (settings.transformation !== undefined) throw new Error('This adapter writes no XML: leave the transformation out.')
}

/**
 * What happened, by room. The same `batch.id` comes again until this goes through: give files the same names then. Files appear
 * when all of them are written; `output.write` takes text, or bytes as they come (an async iterable).
 */
export async function translate(batch, output, readFile) {
  const lines = [`${greeting}, ${batch.from} to ${batch.until}`, '']
  for (const { room, happenings } of batch.conversations) {
    lines.push(`# ${room.name} (${room.uri})`)
    for (const { type, atMs, actor, content } of happenings)
      lines.push(`${new Date(atMs).toISOString()} ${type} ${actor.name}: ${content}`)
    lines.push('')
  }
  // What has no room, or no place in the original product's formats, is among batch.entries.
  lines.push(`${batch.entries.length} entries, ${batch.firstSeq} to ${batch.lastSeq}`)
  await output.write(`${batch.id}.txt`, `${lines.join('\n')}\n`)
  // A file that was sent and taken in the same batch is written once.
  const files = batch.conversations.flatMap(({ happenings }) => happenings.flatMap(({ file }) => file?.id ?? []))
  for (const id of new Set(files)) await output.write(`${batch.id}-${id}`, readFile(id))
}
