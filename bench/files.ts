import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Bench, progress, type Row, round } from './figures.ts'
import type { FileWork, FileWorkDone } from './files-client.ts'
import type { LoopDelay } from './loop-delay.ts'
import { whileCounting } from './measure.ts'
import { type Nginx, startNginx } from './nginx.ts'
import { admin, ask } from './program.ts'
import { type BenchServer, startServer } from './server.ts'

const fileCount = 4
const fileBytes = 64 * 1024 * 1024
const allBytes = fileCount * fileBytes

/** The same bytes into and out of nginx, and of servers that keep them as they come and sealed, in turn. */
export const benchFiles: Bench = {
  title: `Files: ${fileCount} of ${fileBytes / 1024 / 1024} MiB at once, over loopback, beside nginx`,
  async run({ runs }) {
    const folder = await mkdtemp(join(tmpdir(), 'pchat-bench-files-'))
    const nginx = await startNginx(join(folder, 'nginx'))
    progress(`nginx ${nginx.version}`)
    const sites: Site[] = []
    try {
      sites.push(await openSite(folder, 'plain', false), await openSite(folder, 'sealed', true))
      const rows = new Map<string, Row[]>()
      for (let run = 0; run < runs; run += 1)
        for (const row of await turn(nginx, sites)) {
          const name = `${row.what} ${row.server}`
          rows.set(name, [...(rows.get(name) ?? []), row])
          progress(
            Object.values(row)
              .map(value => (typeof value === 'number' ? round(value) : value))
              .join(', '),
          )
        }
      return [...rows.values()]
    } finally {
      for (const site of sites) await site.server.stop()
      await nginx.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
}

type Site = { name: string; server: BenchServer; token: string; room: string; delay(): Promise<LoopDelay> }

async function openSite(folder: string, name: string, isSealed: boolean): Promise<Site> {
  const keyFile = join(folder, 'keys')
  await writeFile(keyFile, randomBytes(32).toString('base64'))
  const said = join(folder, `loop-${name}`)
  process.env.PCHAT_BENCH_LOOP = said
  process.env.NODE_OPTIONS = `--import=${new URL('loop-delay.ts', import.meta.url)}`
  const args = ['--file-store', join(folder, name), ...(isSealed ? ['--file-key-file', keyFile] : [])]
  const server = await startServer({ args })
  delete process.env.NODE_OPTIONS
  const prepared = await prepare(server).catch(async error => {
    await server.stop()
    throw error
  })
  return { ...prepared, name, server, delay: () => readDelay(server, said) }
}

async function prepare(server: BenchServer): Promise<Pick<Site, 'token' | 'room'>> {
  await server.asAdmin('settings.update', { settings: { maxFileBytes: fileBytes } })
  const { token } = await ask(`http://127.0.0.1:${server.port}`, undefined, 'session.signIn', admin)
  const { category } = await server.asAdmin('category.create', {
    ...{ name: 'files', fileUpload: true, allowedMembers: ['example.com'] },
  })
  const { room } = await server.asAdmin('room.create', {
    category: category.id,
    name: 'room for files',
    privacy: 'open',
  })
  return { token, room: room.id }
}

async function readDelay(server: BenchServer, said: string): Promise<LoopDelay> {
  await rm(said, { force: true })
  process.kill(server.pid, 'SIGUSR2')
  for (;;) {
    const text = await readFile(said, 'utf8').catch(() => '')
    if (text !== '') return JSON.parse(text) as LoopDelay
    await sleep(10)
  }
}

/** Up, then down, each of nginx first. */
async function turn(nginx: Nginx, sites: Site[]): Promise<Row[]> {
  const rows = await nginxUp(nginx)
  const files = new Map<Site, string[]>()
  for (const site of sites) files.set(site, await announce(site))
  const up = Number(rows[0]!['MB/s'])
  for (const site of sites) rows.push(await measured(site, 'upload', up, siteUp(site, files.get(site)!)))
  const plain = await client({ port: nginx.port, heads: names().map(name => head('GET', `/${name}`)), sendBytes: 0 })
  check(plain, 200, fileBytes)
  rows.push(toRow('download', 'nginx', plain.seconds, toSpeed(plain.seconds)))
  const down = toSpeed(plain.seconds)
  for (const site of sites) rows.push(await measured(site, 'download', down, siteDown(site, files.get(site)!)))
  for (const site of sites) await forget(site, files.get(site)!)
  return rows
}

const names = () => Array.from({ length: fileCount }, (_, n) => `file-${n}`)
const toSpeed = (seconds: number) => allBytes / 1e6 / seconds

function toRow(what: string, server: string, seconds: number, beside: number): Row {
  return {
    ...{ what, server, 'MB/s': toSpeed(seconds), 'of nginx': toSpeed(seconds) / beside },
    ...{ 'loop p50 ms': '–', 'p99 ms': '–', 'max ms': '–', 'server CPU ms/MB': '–', 'RSS MB': '–' },
  }
}

/** nginx answers when the kernel has the bytes, not the disk: that is timed too. */
async function nginxUp(nginx: Nginx): Promise<Row[]> {
  for (const name of await readdir(nginx.files)) await rm(join(nginx.files, name))
  const heads = names().map(name => head('PUT', `/${name}`, { 'content-length': fileBytes }))
  const done = await client({ port: nginx.port, heads, sendBytes: fileBytes })
  check(done, 201, 0)
  const startedAt = performance.now()
  await Promise.all(names().map(name => flush(join(nginx.files, name))))
  const flushed = done.seconds + (performance.now() - startedAt) / 1000
  const beside = toSpeed(done.seconds)
  return [toRow('upload', 'nginx', done.seconds, beside), toRow('upload', 'nginx, and on disk', flushed, beside)]
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+')
  await file.datasync()
  await file.close()
}

async function measured(site: Site, what: string, beside: number, work: () => Promise<FileWorkDone>): Promise<Row> {
  await site.delay()
  const { done, server } = await whileCounting(site.server, work)
  const { p50, p99, max } = await site.delay()
  return {
    ...toRow(what, site.name, done.seconds, beside),
    ...{ 'loop p50 ms': p50, 'p99 ms': p99, 'max ms': max, 'server CPU ms/MB': (server * 1e9) / allBytes },
    'RSS MB': site.server.residentBytes() / 1e6,
  }
}

async function announce({ server, token, room }: Site): Promise<string[]> {
  const url = `http://127.0.0.1:${server.port}`
  return Promise.all(
    names().map(async name => (await ask(url, token, 'file.begin', { room, name, size: fileBytes })).file),
  )
}

function siteUp({ server, token }: Site, files: string[]) {
  const headers = {
    ...{ authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0', 'upload-offset': 0 },
    ...{ 'content-type': 'application/offset+octet-stream', 'content-length': fileBytes },
  }
  const heads = files.map(file => head('PATCH', `/files/uploads/${file}`, headers))
  return async () => {
    const done = await client({ port: server.port, heads, sendBytes: fileBytes })
    check(done, 204, 0)
    return done
  }
}

function siteDown({ server, token }: Site, files: string[]) {
  const heads = files.map(file => head('GET', `/files/${file}`, { authorization: `Bearer ${token}` }))
  return async () => {
    const done = await client({ port: server.port, heads, sendBytes: 0 })
    check(done, 200, fileBytes)
    return done
  }
}

async function forget({ server, token }: Site, files: string[]): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' }
  for (const file of files)
    await fetch(`http://127.0.0.1:${server.port}/files/uploads/${file}`, { method: 'DELETE', headers })
}

function head(method: string, path: string, headers: { [name: string]: string | number } = {}): string {
  const lines = Object.entries({ host: '127.0.0.1', ...headers }).map(([name, value]) => `${name}: ${value}`)
  return [`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')
}

function check({ statuses, readBytes }: FileWorkDone, status: number, bytes: number): void {
  if (statuses.some(one => one !== status)) throw new Error(`answered ${statuses}, not ${status}`)
  if (bytes > 0 && readBytes.some(one => one !== bytes)) throw new Error(`read ${readBytes} of ${bytes} bytes`)
}

async function client(work: FileWork): Promise<FileWorkDone> {
  const program = fileURLToPath(new URL('files-client.ts', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(work))
  let text = ''
  for await (const chunk of child.stdout) text += chunk
  return JSON.parse(text) as FileWorkDone
}
