import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { Refusal, type WireError } from '../../protocol/error.ts'
import { findEmbedded } from '../../store/embedded.ts'
import { findSignIn, keptFile } from '../kept-sign-in.ts'
import { Passing, post, Refused, type Remote, readAuthority, readServer } from '../remote.ts'
import { addressOf } from '../store-verb.ts'
import type { Ask } from './ask.ts'
import { Misuse, Unanswered } from './fault.ts'
import type { Io } from './io.ts'

export type ConnectionOptions = {
  server?: string
  tokenFile?: string
  caFile?: string
  databaseUrl?: string
  dataDir?: string
}

export const connectionText = `
Where it works:
  A server over HTTPS: --server URL, or PCHAT_URL; who you are: PCHAT_TOKEN, --token-file, or what pchat sign-in kept.
  The machine itself: --database-url URL or --data-dir FOLDER; then you are the operator, and the record says so.
  Without any of these: the token or sign-in that there is, else PCHAT_DATABASE_URL, else the server that runs in ./data.`

export function withConnection(command: Command): Command {
  return command
    .addOption(
      new Option('--server <url>', 'address of a server, such as https://chat.example.com').argParser(readServer),
    )
    .option('--token-file <file>', 'file that holds the token, instead of PCHAT_TOKEN')
    .option('--ca-file <file>', 'certificate of a private authority that the server is trusted by, PEM')
    .option('--database-url <url>', 'the store of the pool, as the operator of the machine')
    .option('--data-dir <folder>', 'folder of a running server with its own database, as the operator of the machine')
}

export async function connect(options: ConnectionOptions, io: Io): Promise<Ask> {
  const { env } = io
  const onMachine = options.databaseUrl ?? options.dataDir
  if (onMachine !== undefined && (options.server ?? options.tokenFile) !== undefined)
    throw new Misuse(
      '--server and --token-file ask a server, --database-url and --data-dir the store. Give one of the two.',
    )
  if (onMachine !== undefined) return openMachine(options)
  const server = options.server ?? (env.PCHAT_URL === undefined ? undefined : readServer(env.PCHAT_URL))
  const token = await readToken(options, env)
  if (token !== undefined) {
    if (server === undefined)
      throw new Misuse('There is a token, and no server named. Add --server URL, or set PCHAT_URL.')
    return openRemote({ server, token, ca: await readAuthority(options.caFile ?? env.PCHAT_CA_FILE) })
  }
  const kept = await findSignIn(keptFile(env), server).catch((error: Error) => error)
  if (!(kept instanceof Error))
    return openRemote({ ...kept, ca: await readAuthority(options.caFile ?? env.PCHAT_CA_FILE) })
  if (options.server !== undefined) throw kept
  if (env.PCHAT_DATABASE_URL !== undefined) return openMachine({ databaseUrl: env.PCHAT_DATABASE_URL })
  const dataDir = env.PCHAT_DATA_DIR ?? './data'
  if (await findEmbedded(dataDir)) return openMachine({ dataDir })
  throw new Misuse(
    `There is nobody to ask. Sign in with pchat sign-in --server URL, or name the store of this machine with --database-url or --data-dir.`,
  )
}

async function readToken({ tokenFile }: ConnectionOptions, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (tokenFile === undefined) return env.PCHAT_TOKEN
  const text = await readFile(tokenFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--token-file ${tokenFile} cannot be read (${error.code}).`)
  })
  return text.trim()
}

/** Its libraries are those of a server; asking one over HTTPS needs none of them. */
async function openMachine({ databaseUrl, dataDir = './data' }: ConnectionOptions): Promise<Ask> {
  const { openOperator } = await import('./operator.ts')
  return openOperator(await addressOf({ ...(databaseUrl === undefined ? {} : { databaseUrl }), dataDir }))
}

/** Long: a directory sync or a simulation answers when it is done. */
const answerMs = 10 * 60_000
const maxWaitMs = 60_000

/** Who asks too fast waits as long as he is told, and asks again: nothing was done. */
export function openRemote(remote: Remote): Ask {
  return {
    where: remote.server,
    close: async () => {},
    async call<Result extends object>(verb: string, input: object): Promise<Result> {
      for (let waited = 0; ; ) {
        try {
          return (await post<{ result: Result }>(remote, `/api/v1/${verb}`, input, answerMs)).result
        } catch (error) {
          const { retryAfterMs = 1_000, code } = wireOf(error) ?? {}
          if (code !== 'rate_limited' || waited + retryAfterMs > maxWaitMs) throw asRefusal(error, remote.server)
          waited += retryAfterMs
          await sleep(retryAfterMs)
        }
      }
    },
  }
}

function wireOf(error: unknown): WireError | undefined {
  return error instanceof Refused ? error.wire : ((error as { cause?: WireError }).cause ?? undefined)
}

function asRefusal(error: unknown, server: string): unknown {
  const wire = wireOf(error)
  if (wire?.code === undefined) return error instanceof Passing ? new Unanswered(error.message) : error
  const hint = wire.code === 'unauthenticated' ? ` Sign in anew: pchat sign-in --server ${server}` : ''
  return new Refusal(wire.code, `${wire.message}${hint}`, wire.id === undefined ? {} : { id: wire.id })
}
