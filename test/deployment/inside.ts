import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDocBlocks } from '../doc-blocks.ts'
import { type Machine, openMachine, openSwitch } from '../site/machine.ts'
import { readTools } from '../tools.ts'
import { installNats, installPostgres, putStandIns } from './stand-ins.ts'

/** Walks docs/deployment.md on machines of their own, in namespaces that the caller has made; prints what each block said as JSON. */

export type Walked = { block: string; machine: string; code: number; out: string; err: string; seconds: number }

const { ip } = await readTools()
const page = openDocBlocks('docs/deployment.md')
const [folder = '', edition = ''] = process.argv.slice(2)
const machines = new Map<string, Machine>()
const mounts = ['/mnt/pchat-files', '/mnt/pchat-compliance']
const four = ['fe1', 'fe2', 'chat1', 'chat2']
const all = edition === 'standard' ? ['desk', 'one'] : ['desk', 'db1', 'db2', 'nats1', ...four, 'chat3']
/** Blocks that are typed on more than one machine, or on another one in another edition. */
const several: Record<string, string[]> = {
  db: ['db1', 'db2'],
  all: edition === 'standard' ? all : ['desk', ...four, 'chat3'],
  servers: ['fe1', 'fe2', 'chat1', 'chat3'],
  both: [edition === 'standard' ? 'one' : 'desk'],
}
/** A server from what it is brought to its start. */
const ofServer = ['each-own', 'each-topology', 'each-check', 'each-bootstrap', 'each-doctor']
/** Typed twice, as by somebody who was called away: the second time changes nothing. */
const twice = [
  ...['desk-authority', 'desk-secrets', 'db-configure', 'db1-store', 'desk-shell', 'nats1-configure', 'fe1-first'],
  ...['each-own', 'one-shell'],
]
/** Of the desk's, what Standard Edition needs as well. */
const ofBoth = ['desk-authority', 'desk-one']
const isLook = (block: string) => block === 'each-check' || block === 'each-doctor'
const walked: Walked[] = []

async function openMachines(): Promise<void> {
  const lines = page
    .says('names')
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/) as [string, string])
  await openSwitch(ip, '10.20.0.254')
  for (const place of mounts) await mkdir(join(folder, place), { recursive: true })
  const shared = Object.fromEntries(mounts.map(place => [place, join(folder, place)]))
  for (const name of all) {
    const [address, fqdn] = lines.find(([, one]) => one === `${name}.example.com`)!
    // Programs of this machine are not to be written to; what an administrator puts beside them is.
    const own = join(folder, 'local', name)
    await mkdir(own, { recursive: true })
    const others = name === 'desk' ? { [join(folder, 'machines')]: join(folder, 'machines') } : {}
    const machine = await openMachine({
      folder,
      name: fqdn,
      address,
      ip,
      mounts: { ...shared, ...others, '/usr/local/bin': own },
    })
    await rm(machine.path('/opt/bin/pchat'))
    await mkdir(machine.path('/var/backups'), { recursive: true })
    const hosts = ['127.0.0.1 localhost', ...lines.map(words => words.join(' '))]
    await writeFile(machine.path('/etc/hosts'), `${hosts.join('\n')}\n`)
    await putStandIns(machine, join(folder, 'machines'))
    machines.set(name, machine)
  }
  if (edition === 'standard') return
  await Promise.all([
    ...['db1', 'db2'].map(name => installPostgres(machines.get(name)!)),
    installNats(machines.get('nats1')!),
  ])
}

/** Each block is a session of its own, that begins as a log-in does. */
async function walk(block: string, name: string): Promise<void> {
  await run(block, name, page.says(block))
  if (twice.includes(block)) await run(block, name, page.says(block))
}

async function run(block: string, name: string, text: string): Promise<void> {
  const script = `set -a\n[ ! -f /etc/environment ] || . /etc/environment\nset +a\n${text}`
  const began = Date.now()
  const said = await machines.get(name)!.run(['bash', '--norc', '-eo', 'pipefail', '-c', script])
  const seconds = (Date.now() - began) / 1_000
  walked.push({ block, machine: name, ...said, seconds })
  process.stderr.write(`${name}, ${block}: ${said.code} after ${seconds.toFixed(1)} s\n`)
  if (said.code !== 0) process.stderr.write(`${said.err.slice(-2_000)}\n${said.out.slice(-2_000)}\n`)
}

/** As the console does it, over the wire: what is published is seen, something is published, and a server says what it wants. */
const overTheWire = String.raw`
ask() { curl --fail-with-body --silent --show-error --cacert authority/ca.pem -H 'content-type: application/json' "$@"; }
url=https://fe.example.com/api/v1
token=$(ask $url/session.signIn -d '{"user":"admin@example.com","password":"change me at once"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
get() { ask -H "authorization: Bearer $token" $url/topology.get -d '{}'; }
text=$(get | sed 's/.*"text":"\(.*\)"}}.*/\1/')
version=$(get | sed 's/.*"version":\([0-9]*\).*/\1/')
changed=$(printf %s "$text" | sed 's/All rooms/&\\n    logLevel: debug/')
ask -H "authorization: Bearer $token" $url/topology.publish -d "{\"text\":\"$changed\",\"basedOn\":$version,\"note\":\"console\"}"
echo; pchat topology history | head -3
for n in $(seq 60); do ask https://chat1.example.com/readyz | grep -o 'topology wants a restart' && break; sleep 0.5; done
`

/** Until the archive has taken what is recorded now: how many entries it had, and has. */
const archived = String.raw`
count() { pchat compliance status | sed -n 's/^Archive: \([0-9]*\) .*/\1/p'; }
before=$(count)
pchat category set Markets --description 'After the restore' > /dev/null
for n in $(seq 30); do after=$(count); [ "$after" -gt "$before" ] && break; sleep 0.5; done
echo "$before $after"
`
const lines = `for file in .pgpass /etc/environment /etc/pchat/environment /etc/postgresql/15/main/pg_hba.conf; do
  [ ! -f $file ] || sed '/^#/d; /^$/d' $file | sort | uniq --repeated
done`
const fingerprints = `for name in db1 db2; do openssl x509 -noout -fingerprint -in authority/$name.example.com/tls/server.pem; done`

async function walkServer(name: string, blocks: string[]): Promise<void> {
  for (const block of blocks) await walk(block, name)
}

function machinesOf(block: string, prefix: string): string[] {
  if (edition === 'standard' && prefix === 'desk' && !ofBoth.includes(block)) return []
  return (several[prefix] ?? [prefix]).filter(name => machines.has(name))
}

async function walkAll(): Promise<void> {
  for (const block of page.commands) {
    const [prefix = ''] = block.split('-')
    if (block === 'desk-one' && edition !== 'standard') continue
    if (block === ofServer.at(-1) && edition !== 'standard') {
      // The look before it is the same on machines of one kind.
      for (const name of four)
        await walkServer(
          name,
          ofServer.filter(one => !isLook(one) || name.endsWith('1')),
        )
      continue
    }
    await Promise.all(machinesOf(block, prefix).map(name => walk(block, name)))
    if (edition === 'standard') continue
    // The page sends back to it.
    if (block === 'db2-restore') await walk('desk-prepare', 'desk')
    if (block === 'desk-renewed') await run('fingerprints', 'desk', fingerprints)
    if (block === 'desk-restored') await run('archived', 'desk', archived)
    if (block === 'desk-change') await run('console', 'desk', overTheWire)
    if (block === 'desk-add')
      await walkServer(
        'chat3',
        ofServer.filter(one => !isLook(one)),
      )
  }
}

let code = 0
try {
  await openMachines()
  await walkAll()
  // What was typed twice stands there once.
  for (const name of edition === 'standard' ? ['one'] : ['desk', 'fe1', 'chat3', 'db1']) await run('twice', name, lines)
} catch (error) {
  code = 1
  process.stderr.write(`${(error as Error).stack}\n`)
}
process.stdout.write(JSON.stringify(walked), () => process.exit(code))
