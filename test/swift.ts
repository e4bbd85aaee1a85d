import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeFolder } from './folder.ts'

/** A server that speaks S3: OpenStack Swift as Debian has it, one of each of its parts, on a folder of its own. */
export type Swift = {
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  stop(): Promise<void>
}

/** Runs a part under a folder of settings; the file's place is fixed otherwise. Without its own resolver, which hangs without a network. */
const launcher = `
import sys, eventlet
eventlet.monkey_patch()
import swift.common.utils as utils
folder, kind = sys.argv[1:3]
utils.SWIFT_CONF_FILE = folder + '/swift.conf'
from swift.common import storage_policy
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(folder + '/' + kind + '-server.conf', kind + '-server'))
`
const rings = `
import sys
from swift.common.ring import RingBuilder
folder = sys.argv[1]
for kind, port in zip(('account', 'container', 'object'), sys.argv[2:]):
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': int(port), 'replication_ip': '127.0.0.1',
                     'replication_port': int(port), 'device': 'disk', 'weight': 1.0})
    builder.rebalance()
    builder.get_ring().save(folder + '/' + kind + '.ring.gz')
`
const parts = ['account', 'container', 'object', 'proxy'] as const
type Part = (typeof parts)[number]

/** `root`: where its packages were unpacked; empty: where Debian installs them. */
export async function openSwift(root: string): Promise<Swift> {
  const folder = await makeFolder('pchat-swift')
  const settings = join(folder, 'settings')
  await mkdir(join(folder, 'disks', 'disk'), { recursive: true })
  await mkdir(settings)
  const ports = Object.fromEntries(await Promise.all(parts.map(async part => [part, await freePort()]))) as Record<
    Part,
    number
  >
  await writeFile(
    join(settings, 'swift.conf'),
    '[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n',
  )
  for (const part of parts)
    await writeFile(join(settings, `${part}-server.conf`), settingsOf(part, folder, ports[part]))
  const env = {
    ...process.env,
    ...{ EVENTLET_NO_GREENDNS: 'yes' },
    ...(root
      ? { PYTHONPATH: `${root}/usr/lib/python3/dist-packages`, LD_LIBRARY_PATH: `${root}/usr/lib/x86_64-linux-gnu` }
      : {}),
  }
  const python = (program: string, ...args: string[]) =>
    spawn('/usr/bin/python3', ['-c', program, settings, ...args], { env, stdio: 'ignore' })
  const made = python(rings, ...parts.slice(0, 3).map(part => `${ports[part]}`))
  const [code] = await once(made, 'exit')
  if (code !== 0) throw new Error('Swift is not there. Run bin/setup first.')
  const running = parts.map(part => python(launcher, part))
  for (const part of parts) await answers(ports[part])
  return {
    endpoint: `http://127.0.0.1:${ports.proxy}`,
    credentials: { accessKeyId: 'test:tester', secretAccessKey: 'testing' },
    async stop() {
      await Promise.all(running.map(end))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function settingsOf(part: Part, folder: string, port: number): string {
  const common = [
    '[DEFAULT]',
    ...['bind_ip = 127.0.0.1', `bind_port = ${port}`, `swift_dir = ${folder}/settings`, `devices = ${folder}/disks`],
    // In one process, under the account that it was started by.
    ...['mount_check = false', 'workers = 0', `user = ${process.env.USER ?? 'root'}`],
  ]
  const own =
    part === 'proxy'
      ? [
          '[pipeline:main]',
          'pipeline = catch_errors cache listing_formats s3api tempauth copy proxy-server',
          ...['[app:proxy-server]', 'use = egg:swift#proxy', 'account_autocreate = true'],
          ...['catch_errors', 's3api', 'copy', 'listing_formats'].flatMap(name => [
            `[filter:${name}]`,
            `use = egg:swift#${name}`,
          ]),
          ...['[filter:cache]', 'use = egg:swift#memcache', 'memcache_servers = 127.0.0.1:1'],
          ...['[filter:tempauth]', 'use = egg:swift#tempauth', 'user_test_tester = testing .admin'],
        ]
      : ['[pipeline:main]', `pipeline = ${part}-server`, `[app:${part}-server]`, `use = egg:swift#${part}`]
  return `${[...common, ...own].join('\n')}\n`
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function answers(port: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const there = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
    if (there) return
    if (tries > 150) throw new Error(`no part of Swift answers at port ${port}`)
    await sleep(200)
  }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
