import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endProgram, hasEnded } from './program.ts'

export type Nginx = { port: number; version: string; files: string; stop(): Promise<void> }

/** nginx as its package has it, which takes files by PUT and hands them out, in `folder`. */
export async function startNginx(folder: string): Promise<Nginx> {
  const program = await findNginx()
  const files = join(folder, 'files')
  await mkdir(files, { recursive: true })
  for (let tries = 0; tries < 10; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const path = join(folder, 'nginx.conf')
    await writeFile(path, config(folder, files, port))
    const args = ['-p', folder, '-c', path, '-e', join(folder, 'error.log')]
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    if (await answers(child, port))
      return { port, files, version: await versionOf(program), stop: () => endProgram(child, 'SIGTERM') }
    await endProgram(child, 'SIGKILL')
  }
  throw new Error('nginx did not start on ten ports in a row. Run bin/setup, or install nginx.')
}

/** Its defaults, but for what a place of its own needs, a body of any size, and sendfile, as its package sets it. */
function config(folder: string, files: string, port: number): string {
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off; worker_processes auto; pid ${join(folder, 'nginx.pid')};
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 768; }
http {
  sendfile on; tcp_nopush on; access_log off; client_max_body_size 0;
  ${places.map(place => `${place}_temp_path ${join(folder, place)};`).join(' ')}
  server { listen 127.0.0.1:${port}; root ${files}; location / { dav_methods PUT DELETE; } }
}
`
}

async function findNginx(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', '.cache', 'tools.json'), 'utf8').catch(() => '{}')
  return (JSON.parse(text) as { nginx?: string }).nginx ?? 'nginx'
}

/** False where it ended: the port was taken. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  for (let tries = 0; tries < 100 && !hasEnded(child); tries += 1) {
    const socket = connect(port, '127.0.0.1')
    const is = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (is) return !hasEnded(child)
    await sleep(50)
  }
  return false
}

async function versionOf(program: string): Promise<string> {
  const child = spawn(program, ['-v'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let text = ''
  for await (const chunk of child.stderr) text += chunk
  return /nginx\/(\S+)/.exec(text)?.[1] ?? ''
}
