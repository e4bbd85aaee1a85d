import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { progress } from './figures.ts'
import { cpuSeconds } from './proc.ts'

/** Something that takes sockets and posts, and what it has used of the machine so far. */
export type Target = { name: string; port: number; cpu(): { server: number; database: number } }
export type BareServer = Target & { stop(): void }

/** The `ws` library, and the frames written to its sockets; at once, or when they are on disk. */
export async function startBareServer(when: 'at once' | 'on disk' = 'at once'): Promise<BareServer> {
  const child = fork(join(import.meta.dirname, 'bare-server.ts'), when === 'on disk' ? ['disk'] : [])
  const [{ port }] = await once(child, 'message')
  return bareServer(when === 'on disk' ? 'bare ws, disk first' : 'bare ws', child, port)
}

/** The same in C, built on the spot; undefined where there is no compiler. */
export async function startBareServerInC(): Promise<BareServer | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'pchat-bench-'))
  const program = join(folder, 'bare-server')
  try {
    execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'bare-server.c')])
  } catch {
    progress('no C compiler here: the loop in C is left out')
    rmSync(folder, { recursive: true })
    return undefined
  }
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(child.stdout, 'data')
  rmSync(folder, { recursive: true })
  return bareServer('bare C', child, Number(String(said)))
}

function bareServer(name: string, child: ChildProcess, port: number): BareServer {
  const cpu = () => ({ server: cpuSeconds(child.pid ?? 0), database: 0 })
  return { name, port, cpu, stop: () => void child.kill() }
}
