import { hostname, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { findSignIn, forgetSignIn, keepSignIn, keptFile } from './kept-sign-in.ts'

const examples = `
Examples:
  $ pchat sign-in --server https://chat.example.com
  $ pchat sign-out

It shows an address and a code. Open the address in a browser where you are signed in, or sign in there as you always do, compare
the code and allow it. The token is kept in a file that only you can read, below XDG_CONFIG_HOME or ~/.config.`

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
    .requiredOption('--server <url>', 'address of the server', readServer)
    .addHelpText('after', examples)
    .action(({ server }: { server: string }) => orSay(() => signIn(server)))
  program
    .command('sign-out')
    .description('end the sign-in of this account of the machine')
    .option('--server <url>', 'address of the server, where you are signed in at several', readServer)
    .action(({ server }: { server?: string }) => orSay(() => signOut(server)))
}

async function signIn(server: string): Promise<void> {
  const begun = await post<Begun>(server, '/web/device/begin', { client: clientName() })
  console.log(`Open ${begun.verificationUriComplete}`)
  console.log(`and allow the code ${begun.userCode}. Waiting …`)
  const polled = await waitForAnswer(server, begun)
  if (polled.status !== 'allowed' || polled.token === undefined)
    throw new Error('It was refused in the browser, or the sign-in there has ended. Begin again.')
  const file = keptFile()
  const user = polled.me?.name ?? ''
  await keepSignIn(file, server, { token: polled.token, user })
  console.log(`You are signed in as ${user}.`)
}

async function waitForAnswer(server: string, begun: Begun): Promise<Polled> {
  const deadline = Date.now() + begun.expiresInSeconds * 1_000
  let intervalMs = begun.intervalSeconds * 1_000
  while (Date.now() < deadline) {
    await sleep(intervalMs)
    try {
      const polled = await post<Polled>(server, '/web/device/poll', { deviceCode: begun.deviceCode })
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

async function signOut(server: string | undefined): Promise<void> {
  const file = keptFile()
  const kept = await findSignIn(file, server)
  try {
    await post(kept.server, '/api/v1/session.end', {}, kept.token)
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error
    // It has ended already.
  }
  await forgetSignIn(file, kept.server)
  console.log(`${kept.user} is signed out.`)
}

class Passing extends Error {}
class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

async function post<Result>(server: string, path: string, body: object, token?: string): Promise<Result> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  const answer = await fetch(`${server}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  }).catch((error: Error) => {
    const { cause } = error
    throw new Passing(`${server} does not answer (${cause instanceof Error ? cause.message : error.message}).`)
  })
  const text = await answer.text()
  const value = readJson(text) as Result & { error?: { message?: string } }
  if (answer.ok && value !== undefined) return value
  const message = value?.error?.message ?? `${server} answered ${answer.status}. Is it a Persistent Chat Server?`
  throw answer.status === 429 || answer.status >= 500 ? new Passing(message) : new Refused(answer.status, message)
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function orSay(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error(`pchat: ${(error as Error).message}`)
    process.exitCode = 1
  }
}

/** Without a slash at its end, so that one server is one key. A token does not travel in the clear, but on this machine. */
function readServer(text: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('Give an address such as https://chat.example.com.')
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname))
    throw new InvalidArgumentError('Without TLS the token could be read on its way. Give an address with https://.')
  return url.origin
}
