import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDocBlocks } from '../doc-blocks.ts'
import { type Machine, openMachine, openSwitch } from '../site/machine.ts'
import { installNats, installPostgres, putStandIns } from './stand-ins.ts'

/** Walks docs/deployment.md on machines of their own, in namespaces that the caller has made; prints what each block said as JSON. */

export type Walked = { block: string; machine: string; code: number; out: string; err: string; seconds: number }

const page = openDocBlocks('docs/deployment.md')
const folder = process.argv[2]!
const machines = new Map<string, Machine>()
const mounts = ['/mnt/pchat-files', '/mnt/pchat-compliance']
const four = ['chat1', 'chat2', 'fe1', 'fe2']
/** Blocks that are typed on more than one machine. */
const several: Record<string, string[]> = { db: ['db1', 'db2'], each: four, both: ['desk', 'one'], all: ['desk', 'one', ...four, 'chat3'] }
const walked: Walked[] = []

async function openMachines(): Promise<void> {
  const lines = page.says('names').trim().split('\n').map(line => line.trim().split(/\s+/) as [string, string])
  await openSwitch('10.20.0.254')
  for (const place of mounts) await mkdir(join(folder, place), { recursive: true })
  const shared = Object.fromEntries(mounts.map(place => [place, join(folder, place)]))
  for (const [address, fqdn] of lines) {
    const name = fqdn.split('.')[0]!
    if (!/^(desk|fe\d|chat\d|db\d|nats1|one)$/.test(name)) continue
    const isDesk = name === 'desk'
    const elsewhere = isDesk ? { [join(folder, 'machines')]: join(folder, 'machines') } : {}
    // Programs of this machine are not to be written to; what an administrator puts beside them is.
    const own = join(folder, 'local', name)
    await mkdir(own, { recursive: true })
    const machine = await openMachine({ folder, name: fqdn, address, mounts: { ...shared, ...elsewhere, '/usr/local/bin': own } })
    await rm(machine.path('/opt/bin/pchat'))
    if (process.env.INTERIM) await cp(process.env.INTERIM, machine.path('/opt/bin/pchat'))
    await writeFile(machine.path('/etc/hosts'), `127.0.0.1 localhost\n${lines.map(words => words.join(' ')).join('\n')}\n`)
    await putStandIns(machine, join(folder, 'machines'))
    machines.set(name, machine)
  }
  await Promise.all([...['db1', 'db2'].map(name => installPostgres(machines.get(name)!)), installNats(machines.get('nats1')!)])
}

async function walk(block: string, name: string): Promise<boolean> {
  const machine = machines.get(name)!
  // Each block is a session of its own, that begins as a log-in does.
  const script = `set -a\n[ ! -f /etc/environment ] || . /etc/environment\nset +a\n${page.says(block)}`
  const began = Date.now()
  const said = await machine.run(['bash', '--norc', '-eo', 'pipefail', '-c', script])
  walked.push({ block, machine: name, ...said, seconds: (Date.now() - began) / 1000 })
  process.stderr.write(`${name} ${block}: ${said.code} ${((Date.now() - began) / 1000).toFixed(1)} s\n`)
  return said.code === 0
}

/** A server from step 6 on, by the very blocks of the page. */
const isServer = (block: string) => ['each-own', 'each-check', 'each-bootstrap'].includes(block)

async function walkAll(): Promise<void> {
  const waiting: string[] = []
  for (const block of page.commands) {
    const [prefix = ''] = block.split('-')
    if (isServer(block)) {
      waiting.push(block)
      if (block !== 'each-bootstrap') continue
      for (const name of four) for (const one of waiting) if (!(await walk(one, name))) return
      continue
    }
    const ran = await Promise.all((several[prefix] ?? [prefix]).map(name => walk(block, name)))
    if (ran.includes(false)) return
    if (block === 'desk-add') for (const one of waiting) if (!(await walk(one, 'chat3'))) return
  }
}

try {
  await openMachines()
  await walkAll()
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`)
}
process.stdout.write(JSON.stringify(walked), () => process.exit(0))
