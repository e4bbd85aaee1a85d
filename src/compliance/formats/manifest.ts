import type { Batch, Output } from '../adapter.ts'
import { storedName } from '../happening.ts'

/** `.ATTACH`: one line a transfer, so that an archive knows which files to expect. Tabs and line ends in names become spaces. */
export async function writeManifest(batch: Batch, output: Output): Promise<void> {
  const lines = batch.conversations.flatMap(({ room, happenings }) =>
    happenings.flatMap(({ file, type, atMs, actor }) =>
      file
        ? [
            [
              new Date(atMs).toISOString(),
              type,
              room.uri,
              actor.name,
              storedName(file),
              file.name,
              file.size,
              file.sha256 ?? '',
            ]
              .map(value => String(value).replaceAll(/[\t\r\n]/g, ' '))
              .join('\t'),
          ]
        : [],
    ),
  )
  if (lines.length > 0) await output.write(`${batch.id}.ATTACH`, `${lines.join('\n')}\n`)
}
