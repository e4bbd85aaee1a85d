import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const inside = fileURLToPath(new URL('inside.ts', import.meta.url))
const prefix = 'pchat-site'

/** Own network, mounts and processes: what runs in there ends with its first process, and nothing of it is left on the machine. */
const namespaces = ['--net', '--mount', '--pid', '--ipc', '--fork', '--kill-child=KILL', '--mount-proc']
/** Who is not root is root of a world in which there is nobody else. */
const asRoot = ['--user', '--map-root-user']

export type SiteRun = { ended: Promise<{ code: number; out: string }>; child: ChildProcess }

/**
 * Runs the whole site in namespaces of its own, as root or in a user namespace where this is not root, and answers what it printed.
 * It ends with this process, also where this one is killed. Rejects with a sentence where the machine allows neither.
 */
export async function runSite(args: string[], say: (text: string) => void): Promise<{ code: number; out: string }> {
  await sweepFolders()
  const world = await findWorld()
  const folder = await mkdtemp(join(tmpdir(), `${prefix}-${process.pid}-`))
  try {
    const words = ['--pdeathsig', 'KILL', 'unshare', ...world, ...namespaces, process.execPath, inside, folder, ...args]
    const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', chunk => {
      out += chunk
    })
    child.stderr.setEncoding('utf8').on('data', say)
    const stop = () => void child.kill('SIGKILL')
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, stop)
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exit, signal) => resolve(exit ?? (signal ? 1 : 0)))
    })
    for (const signal of signals) process.off(signal, stop)
    return { code, out }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** How this process comes into namespaces of its own. */
export async function findWorld(): Promise<string[]> {
  const ways = process.getuid?.() === 0 ? [[], asRoot] : [asRoot]
  const reasons: string[] = []
  for (const way of ways) {
    const failed = await run('unshare', [...way, ...namespaces, 'true']).then(
      () => undefined,
      error => String(error.stderr || error.message).trim(),
    )
    if (failed === undefined) return way
    reasons.push(failed)
  }
  throw new Error(
    `The test site needs network namespaces, and this machine gives none (${reasons.join('; ')}). Run it as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1).`,
  )
}

/** Folders of runs that were killed. Their processes ended with them, and their mounts were seen by nobody else. */
export async function sweepFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${prefix}-(\\d+)-`).exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}
