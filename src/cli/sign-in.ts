import { hostname, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { findSignIn, forgetSignIn, keepSignIn, keptFile } from './kept-sign-in.ts'
import { Passing, post, Refused, type Remote, readAuthority, readServer } from './remote.ts'
import { signInAtPool } from './sign-in-pool.ts'

const examples = `
Examples:
  $ pchat sign-in --server https://chat.example.com
  $ pchat sign-in --pool north
  $ pchat sign-out

It shows an address and a code. Open the address in a browser where you are signed in, or sign in there as you always do, compare
the code and allow it. The token is kept in a file that only you can read, below XDG_CONFIG_HOME or ~/.config.
With --pool you come to another pool of the organisation (pchat pool list) by the sign-in that you have, without a browser.`

type Options = { server?: string; caFile?: string; pool?: string }
const caText = 'certificate of a private authority that the server is trusted by, PEM'

type Begun = {
  deviceCode: string
  userCode: string
  verificationUri: string
  verificationUriComplete: string
  expiresInSeconds: number
  intervalSeconds: number
}
type Polled = { status: 'pending' | 'hasty' | 'denied' | 'allowed'; token?: string; me?: { name: string } }

/** `pchat sign-in` and `pchat sign-out`: for people at a terminal, whichever way they sign in at a browser. */
export function addSignInCommands(program: Command): void {
  program
    .command('sign-in')
    .description('sign in at a server by way of your browser')
    .option('--server <url>', 'address of the server', readServer)
    .option('--pool <name>', 'another pool, by the sign-in at this server that you have')
    .addHelpText('after', examples)
    .option('--ca-file <file>', caText)
    .action(({ server, caFile, pool }: Options, command: Command) => {
      if (pool !== undefined) return orSay(async () => signInByPool(pool, server, await readAuthority(caFile)))
      if (server === undefined) return command.error('error: Name the server with --server URL, or a pool with --pool.')
      return orSay(async () => signIn({ server, ca: await readAuthority(caFile) }))
    })
  program
    .command('sign-out')
    .description('end the sign-in of this account of the machine')
    .option('--server <url>', 'address of the server, where you are signed in at several', readServer)
    .option('--ca-file <file>', caText)
    .action(({ server, caFile }: Options) => orSay(async () => signOut(server, await readAuthority(caFile))))
}

async function signIn(remote: Remote): Promise<void> {
  const { server } = remote
  const begun = await post<Begun>(remote, '/web/device/begin', { client: clientName() })
  console.log(`Open ${begun.verificationUriComplete}`)
  console.log(`and allow the code ${begun.userCode}. Waiting …`)
  const polled = await waitForAnswer(remote, begun)
  if (polled.status !== 'allowed' || polled.token === undefined)
    throw new Error('It was refused in the browser, or the sign-in there has ended. Begin again.')
  const file = keptFile()
  const user = polled.me?.name ?? ''
  await keepSignIn(file, server, { token: polled.token, user })
  console.log(`You are signed in as ${user}.`)
}

async function signInByPool(pool: string, server: string | undefined, ca: string | undefined): Promise<void> {
  const { user, there } = await signInAtPool(pool, server, ca)
  console.log(`You are signed in as ${user} at ${there}.`)
}

async function waitForAnswer(remote: Remote, begun: Begun): Promise<Polled> {
  const deadline = Date.now() + begun.expiresInSeconds * 1_000
  let intervalMs = begun.intervalSeconds * 1_000
  while (Date.now() < deadline) {
    await sleep(intervalMs)
    try {
      const polled = await post<Polled>(remote, '/web/device/poll', { deviceCode: begun.deviceCode })
      if (polled.status === 'hasty') intervalMs += 1_000
      else if (polled.status !== 'pending') return polled
    } catch (error) {
      // The server starts anew, or another one takes over: the code is in the store.
      if (!(error instanceof Passing)) throw error
    }
  }
  throw new Error('Nobody answered in time. Begin again.')
}

/** What it is called on the page that asks. */
function clientName(): string {
  return `pchat of ${userInfo().username} on ${hostname()}`.slice(0, 60)
}

async function signOut(server: string | undefined, ca: string | undefined): Promise<void> {
  const file = keptFile()
  const kept = await findSignIn(file, server)
  try {
    await post({ server: kept.server, token: kept.token, ca }, '/api/v1/session.end', {})
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error
    // It has ended already.
  }
  await forgetSignIn(file, kept.server)
  console.log(`${kept.user} is signed out.`)
}

async function orSay(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error(`pchat: ${(error as Error).message}`)
    process.exitCode = 1
  }
}
