import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WireError } from '../src/protocol/error.ts'
import type { Input, Result, Verb } from '../src/protocol/request.ts'
import { childrenOf, cpuSeconds, cpuSecondsWithChildren, residentBytes } from './proc.ts'

// The program as an operator starts it, not a part of it.
const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts')
const admin = { user: 'admin@example.com', password: 'bench bench bench' }

/** The whole program as an operator starts it, on an embedded database of its own. */
export type BenchServer = {
  port: number
  pid: number
  /** Of the processes that hold sessions, and of their parent where they are workers. */
  residentBytes(): number
  databaseSocket: string
  /** Seconds of CPU so far. */
  cpu(): { server: number; database: number }
  asAdmin<V extends Verb>(verb: V, input: Input<V>): Promise<Result<V>>
  stop(): Promise<void>
}

export async function startServer({ workers = 1 } = {}): Promise<BenchServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pchat-bench-'))
  await chmod(dataDir, 0o711)
  const args = [main, 'start', '--port', '0', '--host', '127.0.0.1', '--data-dir', dataDir, '--log-level', 'error']
  if (workers > 1) args.push('--workers', String(workers))
  const env = { ...process.env, PCHAT_ADMIN_USER: admin.user, PCHAT_ADMIN_PASSWORD: admin.password }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await addressOf(child.stdout)
  const postmaster = Number((await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0])
  const { token } = await ask(url, undefined, 'session.signIn', admin)
  const server: BenchServer = {
    port: Number(new URL(url).port),
    pid: child.pid ?? 0,
    residentBytes: () =>
      [child.pid ?? 0, ...childrenOf(child.pid ?? 0).filter(pid => pid !== postmaster)]
        .map(residentBytes)
        .reduce((sum, bytes) => sum + bytes, 0),
    databaseSocket: join(dataDir, 'socket'),
    cpu: () => ({ server: cpuSeconds(child.pid ?? 0), database: cpuSecondsWithChildren(postmaster) }),
    asAdmin: (verb, input) => ask(url, token, verb, input),
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  // Every session comes from the same few addresses here, and posts as fast as it can; what opening costs is measured too.
  const settings = { trustedNetworks: ['127.0.0.0/8'], admissionsPerSecond: 1e6, admissionBurst: 1e6 }
  await server.asAdmin('settings.update', { settings })
  return server
}

function addressOf(said: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    said.on('data', chunk => {
      text += chunk
      const url = /ready at (\S+)/.exec(text)?.[1]
      if (url !== undefined) resolve(url)
    })
    said.on('end', () => reject(new Error(`The server ended before it was ready:\n${text}`)))
  })
}

async function ask<V extends Verb>(
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
  if (answer.error !== undefined) throw new Error(`${verb}: ${answer.error.code}: ${answer.error.message}`)
  return answer.result
}
