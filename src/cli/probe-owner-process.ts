import { readMark, tryFolder, tryLock } from './probe-folder.ts'
import type { Said, Work } from './probe-owner.ts'

/** Run as whoever owns a folder: does one thing there and says as JSON what came of it. */
const works = { folder: tryFolder, lock: tryLock, mark: readMark } satisfies Record<Work, unknown>
const [work, folder] = process.argv.slice(2) as [Work, string]
const said: Said = await works[work](folder).then(
  result => ({ result }),
  ({ message, code }: NodeJS.ErrnoException) => ({ error: { message, code } }),
)
process.stdout.write(JSON.stringify(said))
