import { numberOption } from '../random.ts'
import { tellGround } from './ground.ts'
import { tellStory } from './story.ts'

/** The first process of the namespaces that enter.ts makes: all that runs in them ends with it. */
const [folder = '', ...args] = process.argv.slice(2)
const startedAt = Date.now()
const say = (text: string) => process.stderr.write(`${((Date.now() - startedAt) / 1_000).toFixed(1)} s: ${text}\n`)

const report = await (args.includes('--ground')
  ? tellGround(folder, args.includes('--hold')).then(ground => ({ ...ground, faults: [] }))
  : tellStory(
      {
        folder,
        users: numberOption(args, 'users', 12),
        seconds: numberOption(args, 'seconds', 0),
        postsPerSecond: numberOption(args, 'posts-per-second', 20),
        seed: numberOption(args, 'seed', startedAt % 2 ** 31),
      },
      say,
    ))
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`, () => process.exit(report.faults.length > 0 ? 1 : 0))
