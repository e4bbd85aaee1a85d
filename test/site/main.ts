import { numberOption } from '../random.ts'
import { runSite } from './enter.ts'

/**
 * `npm run site -- --seconds 300 --users 40 --seed 7`: the whole site on this machine, in namespaces of its own. Progress on standard
 * error, the report as JSON on standard output; exit code 1 where anything was lost, doubled, mixed up or leaked.
 */
const args = process.argv.slice(2)
try {
  // What cannot be read is told before anything is made.
  for (const name of ['seconds', 'users', 'seed', 'posts-per-second']) numberOption(args, name, 0)
  const { code, out } = await runSite(args, text => process.stderr.write(text))
  process.stdout.write(out)
  process.exitCode = code
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
