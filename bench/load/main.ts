// pchat load --profile lync-2013 --scale 0.03 --seconds 60: see options.ts and docs/load.md
import { writeFile } from 'node:fs/promises'
import { leastUsers, usersAt } from './model.ts'
import { type LoadOptions, readLoadOptions } from './options.ts'
import { planOf } from './profiles.ts'
import { countFaults } from './report.ts'
import { toHtml } from './report-html.ts'
import { toText } from './report-text.ts'
import { runLoad } from './run.ts'

/** A process has at most 20,000 descriptors where nobody may raise that. */
const sessionsAtMost = 19_000

function refuse(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}

/** What only the model knows. */
function checkSize(options: LoadOptions): void {
  const { scale, processes } = options
  const users = usersAt(scale)
  if (users < leastUsers)
    refuse(
      `--scale ${scale} is ${users} users, too few for the model's rooms. Give ${leastUsers / usersAt(1)} or more.`,
    )
  const least = Math.ceil((users * planOf(options).endpoints) / sessionsAtMost)
  if (processes !== undefined && processes < least)
    refuse(`--processes ${processes} is too few: one holds at most ${sessionsAtMost} sessions. Give ${least} or more.`)
}

const read = readLoadOptions(process.argv.slice(2))
if ('fault' in read) refuse(read.fault)
if ('help' in read) console.log(read.help)
else {
  const { options } = read
  checkSize(options)
  const report = await runLoad(options, { verbose: true })
  if (options.html !== undefined) await writeFile(options.html, toHtml(report))
  console.log(options.json ? JSON.stringify(report, null, 2) : toText(report))
  process.exit(countFaults(report) > 0 ? 1 : 0)
}
