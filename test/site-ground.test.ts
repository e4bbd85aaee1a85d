import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { sweepFolders } from './site/enter.ts'
import type { GroundReport } from './site/ground.ts'

const main = fileURLToPath(new URL('site/main.ts', import.meta.url))
const isRoot = process.getuid?.() === 0
/** Somebody without rights. */
const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--']

function run(before: string[], ...args: string[]) {
  const [file = '', ...words] = [...before, process.execPath, main, ...args]
  const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', text => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    said.err += text
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }))
  return { child, said, ended }
}

const foldersOf = async ({ pid }: ChildProcess) =>
  (await readdir(tmpdir())).filter(name => name.startsWith(`pchat-site-${pid}-`))

const ways: [string, string[]][] = [
  ['as this user', []],
  ...(isRoot ? ([['without rights', nobody]] as [string, string[]][]) : []),
]

test.each(ways)(
  '[TS1] [TS2] machines have a network, names and files of their own, and nothing is left of them, %s',
  async (_, before) => {
    const networks = Object.keys(networkInterfaces()).sort()
    const site = run(before, '--ground')
    const { code, out, err } = await site.ended
    expect(code, err).toBe(0)
    const ground = JSON.parse(out) as GroundReport
    expect(ground).toMatchObject({ heard: 'from one', outside: 'no answer', shares: false, writesPrograms: false })
    expect(ground).toMatchObject({ pulled: 'no answer', afterKill: 'no answer' })
    expect(ground.links.sort()).toEqual(['eth0', 'lo'])
    expect(ground.alone).toBe(!isRoot || before.length > 0)
    // Its own first process, the server, and who asks: none of this machine's.
    expect(ground.processes).toBeLessThan(8)
    expect(await foldersOf(site.child)).toEqual([])
    expect(Object.keys(networkInterfaces()).sort()).toEqual(networks)
  },
)

test('[TS1] a run that is killed takes everything with it, and the next one removes its folder', async () => {
  const { child, said } = run([], '--ground', '--hold')
  await vi.waitFor(() => expect(said.err).toContain('held'), { timeout: 30_000 })
  const [folder = 'none'] = await foldersOf(child)
  expect(processesOf(folder).length).toBeGreaterThan(1)
  child.kill('SIGKILL')
  await vi.waitFor(() => expect(processesOf(folder)).toEqual([]), { timeout: 10_000 })
  await vi.waitFor(() => expect(existsSync(`/proc/${child.pid}`)).toBe(false), { timeout: 10_000 })
  await sweepFolders()
  expect(await foldersOf(child)).toEqual([])
})

test('[TS1] where a machine gives no namespaces it fails, and says what is needed', async () => {
  const none = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
  const { code, out, err } = await run(['unshare', '--user', '--map-root-user', 'sh', '-c', none, 'sh']).ended
  expect(code).toBe(1)
  expect(out).toBe('')
  expect(err).toMatch(/needs network namespaces, and this machine gives none \(.+\)\. Run it as root, or allow/)
})

/** Whoever has the folder in his command line. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
    } catch {
      return false
    }
  })
}
