import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Input, Result, Verb } from '../src/protocol/request.ts'
import { childrenOf, cpuSeconds, cpuSecondsWithChildren, residentBytes } from './proc.ts'
import { admin, ask, endProgram, startProgram } from './program.ts'

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

export async function startServer({ workers = 1, args: more = [] as string[] } = {}): Promise<BenchServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pchat-bench-'))
  await chmod(dataDir, 0o711)
  const args = ['--port', '0', '--data-dir', dataDir, ...(workers > 1 ? ['--workers', String(workers)] : []), ...more]
  const { child, url } = await startProgram(args, { isBound: false })
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
      await endProgram(child, 'SIGTERM')
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  // Every session comes from the same few addresses here, and posts as fast as it can; what opening costs is measured too.
  const settings = { trustedNetworks: ['127.0.0.0/8'], admissionsPerSecond: 1e6, admissionBurst: 1e6 }
  await server.asAdmin('settings.update', { settings })
  return server
}
