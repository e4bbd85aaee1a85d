import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startArguments } from '../src/cli/topology-start.ts'
import { checkTopology, isSound } from '../src/topology/check.ts'
import { planServer, planServers, type ServerPlan } from '../src/topology/plan.ts'
import { readTopology } from '../src/topology/read.ts'
import { stepsOf } from '../src/topology/steps.ts'
import { keyFiles, type Program, type UnitFile, unitsOf } from '../src/topology/unit.ts'
import { openRandom } from './random.ts'
import { readTools, type Tools } from './tools.ts'
import { exampleOf, standard, topologyOf, twoPools, type Written } from './topology-document.ts'
import { randomTopology } from './topology-random.ts'
import { commandOf, credentialsOf, environmentOf, readUnit, wordsOf } from './unit-file.ts'

const run = promisify(execFile)
// Programs that are there, in places as a unit may name them.
const program: Program = { command: ['/bin/sh', '/opt/pchat/src/cli/main.ts'], argumentsOf: startArguments }

let folder: string
let tools: Tools
beforeAll(async () => {
  folder = await mkdtemp('/tmp/pchat-units-')
  tools = await readTools()
  if (!tools.systemdAnalyze) throw new Error('systemd-analyze is missing. Run bin/setup first.')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const planOf = (document: Written, fqdn: string) => planServer(topologyOf(document), fqdn)!
const serviceOf = (plan: ServerPlan) => unitsOf(plan, program).find(({ name }) => name.endsWith('.service'))!

const variable = ['$', '{PATH}'].join('')

/** An Enterprise Edition whose every word is one that a unit file could stumble over. */
function odd(): Written {
  const document = exampleOf('enterprise-edition')
  const [pool] = document.persistentChatPools
  pool.servers[0].dataDir = '/srv/per cent %n 100%/$HOME "x" \\'
  pool.servers[0].certificate = { certFile: "/etc/a b/it's.pem", keyFile: '/etc/a b/key %d $$ \\' }
  pool.fileStore.place = `/mnt/fi les/${variable};%h`
  pool.store.password = 'file:/etc/pass word %i'
  pool.store.caFile = '/etc/ca $1.pem'
  Object.assign(pool.nats, { user: 'b%us$', password: 'env:NATS_PASSWORD' })
  return document
}

async function verify(units: UnitFile[]): Promise<string> {
  const files = units.map(({ name }) => join(folder, name))
  for (const [i, { text }] of units.entries()) await writeFile(files[i]!, text)
  const env = { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:${tools.systemdUnits}`, SYSTEMD_PAGER: '', LC_ALL: 'C' }
  const { stdout, stderr } = await run(tools.systemdAnalyze, ['verify', '--man=no', ...files], { env })
  return stdout + stderr
}

async function exposure({ name }: UnitFile): Promise<{ figure: number; word: string }> {
  const args = ['security', '--offline=true', '--no-pager', join(folder, name)]
  const { stdout } = await run(tools.systemdAnalyze, args, { env: { ...process.env, LC_ALL: 'C' } })
  const [, figure, word] = /exposure level for \S+ ([\d.]+) (\w+)/.exec(stdout)!
  return { figure: Number(figure), word: word! }
}

test('[BS20] systemd has nothing to say of the units of each kind of machine, and calls each OK', async () => {
  const high = twoPools()
  for (const pool of high.persistentChatPools) pool.webPort = 8443
  high.persistentChatPools[1].nextHop = high.enterprisePools[0].fqdn
  high.persistentChatPools[1].webPort = 9443
  const machines = {
    chat: planOf(exampleOf('enterprise-edition'), 'chat1.example.com'),
    fronts: planServer(topologyOf(high), high.enterprisePools[0].servers[0].fqdn)!,
    alone: planOf(standard(), 'chat.example.com'),
    odd: planOf(odd(), 'chat1.example.com'),
  }
  expect(machines.fronts.processes.map(({ name }) => name)).toEqual(['web-pchat', 'web-paris'])
  for (const [name, plan] of Object.entries(machines)) {
    const units = unitsOf(plan, program)
    expect(units.map(one => one.name)).toEqual([
      'pchat.target',
      ...plan.processes.map(one => `pchat-${one.name}.service`),
    ])
    expect(await verify(units), name).toBe('')
    for (const unit of units.slice(1)) {
      const { figure, word } = await exposure(unit)
      expect([word, figure < 3], `${name}: ${figure}`).toEqual(['OK', true])
    }
  }
}, 120_000)

test('[BS20] systemd-analyze does find what is wrong with a unit', async () => {
  const plan = planOf(standard(), 'chat.example.com')
  const [target, service] = unitsOf(plan, program)
  const wrong = { ...service!, text: service!.text.replace('KillMode=mixed', 'KillMode=tender') }
  await expect(verify([target!, wrong]).then(said => said || Promise.reject())).resolves.toContain('tender')
  const open = service!.text.replaceAll(/^(Protect|Private|Restrict|SystemCall|Capability|NoNew).*\n/gm, '')
  await verify([{ ...service!, text: open }])
  expect((await exposure(service!)).word).not.toBe('OK')
}, 60_000)

test('[BS21] no password and no key is in a unit: each comes as a credential, or from the file of the environment', () => {
  const document = odd()
  Object.assign(document.persistentChatPools[0], {
    fileKeyFile: '/etc/pchat/file.keys',
    factorKeyFile: '/etc/pchat/factor.keys',
    handOverKeyFile: '/etc/pchat/hand-over.keys',
  })
  const plan = planOf(document, 'chat1.example.com')
  const unit = readUnit(serviceOf(plan).text)
  expect(credentialsOf(unit)).toEqual([
    { name: 'tlsCert', file: "/etc/a b/it's.pem" },
    { name: 'tlsKey', file: '/etc/a b/key %d $$ \\' },
    { name: 'factorKeyFile', file: '/etc/pchat/factor.keys' },
    { name: 'handOverKeyFile', file: '/etc/pchat/hand-over.keys' },
    { name: 'fileKeyFile', file: '/etc/pchat/file.keys' },
    { name: 'complianceKeyFile', file: '/etc/pchat/archive-key.pem' },
    { name: 'databaseUrl', file: '/etc/pass word %i' },
    { name: 'complianceDatabaseUrl', file: '/etc/pchat/compliance.secret' },
  ])
  expect(environmentOf(unit, '/run/c')).toEqual({
    PCHAT_DATABASE_SECRET: 'file:/run/c/databaseUrl',
    PCHAT_COMPLIANCE_DATABASE_SECRET: 'file:/run/c/complianceDatabaseUrl',
    PCHAT_NATS_SECRET: 'env:NATS_PASSWORD',
  })
  expect(unit.get('EnvironmentFile')).toEqual(['-/etc/pchat/environment'])
})

/** The command that the plan means: its keys where systemd puts the credentials. */
function wanted({ processes }: ServerPlan, i: number): string[] {
  const settings = { ...processes[i]!.settings }
  for (const name of keyFiles) if (settings[name] !== undefined) settings[name] = `/run/c/${name}`
  return [...program.command, 'start', ...startArguments(settings)]
}

test('[BS22] the command of a unit is the planned one, whatever its words hold', () => {
  const plan = planOf(odd(), 'chat1.example.com')
  const unit = readUnit(serviceOf(plan).text)
  const command = commandOf(unit, '/run/c')
  expect(command).toEqual(wanted(plan, 0))
  expect(command).toContain('/srv/per cent %n 100%/$HOME "x" \\')
  expect(command).toContain(`/mnt/fi les/${variable};%h`)
})

test('[BS23] a power of root is there for a port below 1024 only, and all that is not its own is read-only', () => {
  const chat = readUnit(serviceOf(planOf(exampleOf('enterprise-edition'), 'chat1.example.com')).text)
  expect(chat.get('AmbientCapabilities')).toEqual(['CAP_NET_BIND_SERVICE'])
  expect(chat.get('CapabilityBoundingSet')).toEqual(['CAP_NET_BIND_SERVICE'])
  expect(wordsOf(chat.get('ReadWritePaths')[0]!)).toEqual([
    '/var/lib/pchat',
    '/mnt/pchat-files',
    '/mnt/pchat-compliance',
  ])
  const document = standard()
  document.persistentChatPools[0].port = 8443
  const high = readUnit(serviceOf(planOf(document, 'chat.example.com')).text)
  expect([high.get('AmbientCapabilities'), high.get('CapabilityBoundingSet')]).toEqual([[], ['']])
  expect(high.get('PrivateUsers')).toEqual(['yes'])
  const home = { ...program, command: ['/usr/bin/node', '/home/ann/pchat/src/cli/main.ts'] }
  const there = readUnit(unitsOf(planOf(document, 'chat.example.com'), home)[1]!.text)
  expect([high.get('ProtectHome'), there.get('ProtectHome')]).toEqual([['yes'], ['read-only']])
})

test('[BS31] [BS22] of 1,000 random topologies each that validates has steps and units for each of its machines', () => {
  const counts = { sound: 0, units: 0 }
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const read = readTopology(JSON.stringify(randomTopology(openRandom(seed))))
    if ('faults' in read || !isSound(checkTopology(read.topology))) continue
    counts.sound += 1
    for (const plan of planServers(read.topology)) {
      const steps = stepsOf(plan)
      expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length)
      expect(steps.length > 0).toBe(plan.processes.length > 0)
      const [, ...services] = unitsOf(plan, program)
      for (const [i, { text }] of services.entries()) {
        counts.units += 1
        const command = commandOf(readUnit(text), '/run/c')
        if (command.join('\n') !== wanted(plan, i).join('\n')) expect(command, text).toEqual(wanted(plan, i))
      }
    }
  }
  expect(counts.sound, JSON.stringify(counts)).toBeGreaterThan(300)
  expect(counts.units, JSON.stringify(counts)).toBeGreaterThan(1_000)
}, 120_000)
