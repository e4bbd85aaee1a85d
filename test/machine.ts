import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Pchat, runPchat } from './pchat.ts'
import type { Ran } from './run-verb.ts'
import { installSystemctl } from './systemctl.ts'

const run = promisify(execFile)

/**
 * A machine as far as a bootstrapper changes one: it has an /etc, a /run and a /srv of its own (bind mounts in a mount namespace; in a
 * user namespace, too, where this is not root), and the runner of systemctl.ts in place of systemd. The rest is this machine's.
 */
export type TestMachine = {
  /** Where its folders are, seen from outside. */
  folder: string
  /** As seen from outside. */
  path(inside: string): string
  start(args: string[], env?: NodeJS.ProcessEnv): Pchat
  /** `pchat` there, until it ends. */
  pchat(args: string[], env?: NodeJS.ProcessEnv): Promise<Ran>
  /** Any program there; rejects where it fails. */
  run(program: string, args: string[]): Promise<string>
  /** A power cut. */
  cut(): Promise<void>
  close(): Promise<void>
}

const enter = 'mount --bind "$0/etc" /etc && mount --bind "$0/run" /run && mount --bind "$0/srv" /srv && exec "$@"'

export async function openTestMachine(): Promise<TestMachine> {
  const folder = await mkdtemp('/tmp/pchat-machine-')
  // The account of the servers goes through.
  await chmod(folder, 0o755)
  for (const name of ['run', 'srv', 'state', 'bin']) await mkdir(join(folder, name), { mode: 0o755 })
  const asRoot = process.getuid?.() === 0
  // What others may not read they do not need.
  if (asRoot) await run('cp', ['-a', '/etc', join(folder, 'etc')])
  else await cp('/etc', join(folder, 'etc'), { recursive: true, filter: isReadable })
  await rm(join(folder, 'etc/pchat'), { recursive: true, force: true })
  installSystemctl(join(folder, 'bin'))
  // What updates are pending takes it a quarter of a minute, and is not this machine's to say.
  await writeFile(join(folder, 'bin/apt-get'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  const user = asRoot ? [] : ['--user', '--map-auto', '--map-root-user']
  const prefix = ['unshare', ...user, '--mount', '--propagation', 'private', 'sh', '-c', enter, folder]
  const environment = {
    PATH: `${join(folder, 'bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    SYSTEMCTL_STATE: join(folder, 'state'),
  }
  const start: TestMachine['start'] = (args, env = {}) => runPchat(args, { prefix, env: { ...environment, ...env } })
  const there: TestMachine['run'] = async (program, args) => {
    const [file = '', ...words] = [...prefix, program, ...args]
    return (await run(file, words, { env: { ...process.env, ...environment } })).stdout
  }
  const cut = async () => void (await there('systemctl', ['poweroff', '--force', '--force']))
  return {
    folder,
    path: inside => join(folder, inside),
    start,
    run: there,
    cut,
    async pchat(args, env) {
      const child = start(args, env)
      let out = ''
      child.child.stdout!.on('data', chunk => (out += chunk))
      let said = ''
      child.child.stderr!.on('data', chunk => (said += chunk))
      const code = await child.ended
      return { code: typeof code === 'number' ? code : null, out, said }
    },
    async close() {
      await cut().catch(() => {})
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function isReadable(path: string): Promise<boolean> {
  const { access, constants, lstat } = await import('node:fs/promises')
  if ((await lstat(path)).isSymbolicLink()) return true
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
}
