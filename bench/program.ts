import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { WireError } from '../src/protocol/error.ts'
import type { Input, Result, Verb } from '../src/protocol/request.ts'

const root = join(import.meta.dirname, '..')
// The program as an operator starts it, not a part of it.
const main = join(root, 'src', 'cli', 'main.ts')

export const admin = { user: 'admin@example.com', password: 'bench bench bench' }

/** Ends with this process, also where this one is killed, and not by the Ctrl-C that this one answers in order. */
function spawnBound(file: string, args: string[], options: Pick<SpawnOptions, 'env' | 'stdio'>): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], { ...options, detached: true })
}

/**
 * `pchat start` on 127.0.0.1 with the first administrator `admin`; resolves with its address when it serves. One that has a
 * database of its own is not bound to this process: killed, it would leave the database behind.
 */
export async function startProgram(args: string[], { isBound }: { isBound: boolean }) {
  const env = { ...process.env, PCHAT_ADMIN_USER: admin.user, PCHAT_ADMIN_PASSWORD: admin.password }
  const always = ['start', '--host', '127.0.0.1', '--log-level', 'error']
  const stdio: SpawnOptions['stdio'] = ['ignore', 'pipe', 'inherit']
  const child = (isBound ? spawnBound : spawn)(process.execPath, [main, ...always, ...args], { env, stdio })
  return { child, url: await said(child, /ready at (\S+)/) }
}

/** The first group of what it says; rejects where it ends before. */
export function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', chunk => {
      text += chunk
      const found = pattern.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('error', reject)
    child.once('close', () => reject(new Error(`It ended before it was ready:\n${text}`)))
  })
}

export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

export async function endProgram(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

export type Nats = { url: string; pid: number; version: string; stop(): Promise<void> }

/** The nats-server that bin/setup found, or the one on the path, on a free port. */
export async function startNats(): Promise<Nats> {
  const program = await findNats()
  const { stdout } = await promisify(execFile)(program, ['--version']).catch(() => {
    throw new Error(
      'nats-server is not installed, and several servers need it. Run bin/setup, name a running one with --nats-url, or use --servers 1.',
    )
  })
  for (let tries = 0; tries < 10; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const child = spawnBound(program, ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
    if (await becomesReady(child, port))
      return {
        url: `nats://127.0.0.1:${port}`,
        pid: child.pid ?? 0,
        version: /v?(\d\S*)/.exec(stdout)?.[1] ?? '',
        stop: () => endProgram(child, 'SIGTERM'),
      }
  }
  throw new Error('nats-server did not start on ten ports in a row. Start it by hand and name it with --nats-url.')
}

async function findNats(): Promise<string> {
  const text = await readFile(join(root, '.cache', 'tools.json'), 'utf8').catch(() => '{}')
  return (JSON.parse(text) as { natsServer?: string }).natsServer ?? 'nats-server'
}

/** False where it ended: the port was taken. */
async function becomesReady(child: ChildProcess, port: number): Promise<boolean> {
  while (!hasEnded(child)) {
    if (await greets(port)) return !hasEnded(child)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return false
}

function greets(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** One verb over HTTP. */
export async function ask<V extends Verb>(
  url: string,
  token: string | undefined,
  verb: V,
  input: Input<V>,
): Promise<Result<V>> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  const response = await fetch(`${url}/api/v1/${verb}`, { method: 'POST', headers, body: JSON.stringify(input) })
  const answer = (await response.json()) as { result: Result<V>; error?: WireError }
  if (answer.error !== undefined) {
    const { code, message } = answer.error
    throw Object.assign(new Error(`${verb}: ${code}: ${message}`), { code })
  }
  return answer.result
}
