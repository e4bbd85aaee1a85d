import { Command } from 'commander'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { openRandom } from '../../test/random.ts'
import { exampleOf, topologyOf, type Written } from '../../test/topology-document.ts'
import { disturbed, randomTopology } from '../../test/topology-random.ts'
import { checkChange } from '../topology/change.ts'
import { checkTopology, isSound, locate } from '../topology/check.ts'
import { fillSecrets } from '../topology/connection.ts'
import { diffTopologies } from '../topology/diff.ts'
import { planServer, planServers, serversOf } from '../topology/plan.ts'
import { readTopology } from '../topology/read.ts'
import type { Topology } from '../topology/schema.ts'
import type { ServerSettings } from '../topology/settings.ts'
import { type StartOptions, withStartOptions } from './options.ts'
import { findFault } from './start-fault.ts'
import { pictureLines } from './topology-picture.ts'
import { planLines, serverTable } from './topology-plan.ts'
import { startArguments } from './topology-start.ts'

/** What `pchat start` makes of the words; it refuses what it does not take. */
function parse(...words: string[]): StartOptions {
  const command = withStartOptions(new Command('start'))
    .exitOverride()
    .configureOutput({ writeErr() {} })
  return command.parse(words, { from: 'user' }).opts<StartOptions>()
}

const read = (reference: string) => `p@ss/w:rd, of ${reference}`

/** Each process of each machine is started with options that are taken, mean what was planned, and fit together. */
function expectStartable(topology: Topology, used: Set<string>): void {
  for (const fqdn of serversOf(topology)) {
    const plan = planServer(topology, fqdn)!
    planLines(plan)
    expect(new Set(plan.processes.map(({ name }) => name)).size).toBe(plan.processes.length)
    for (const { settings, secrets, listens } of plan.processes) {
      // Each as it is planned, or with its secrets in place.
      for (const whole of [secrets.length === 0 ? settings : fillSecrets(settings, secrets, read)]) {
        const options = parse(...startArguments(whole))
        expect(findFault(options), JSON.stringify(whole)).toBeUndefined()
        const { downloadUrl, ...others } = whole
        expect(options).toMatchObject(others)
        if (downloadUrl) expect(options.downloadUrl).toBe(URL.parse(downloadUrl)?.origin)
      }
      expect(listens).toMatchObject({ host: settings.host, port: settings.port })
      for (const name of Object.keys(settings)) used.add(name)
    }
  }
}

test('[TR65] [TR66] of 1,000 random topologies none ends the program, and what validates can be planned and started', () => {
  const used = new Set<string>()
  const found = new Set<string>()
  const counts = { faulty: 0, unsound: 0, sound: 0 }
  let last: Topology = topologyOf(exampleOf('enterprise-edition'))
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const random = openRandom(seed)
    const whole = randomTopology(random)
    const document =
      seed % 2 === 0 ? whole : seed % 4 === 1 ? altered(altered(whole, random), random) : disturbed(whole, random)
    const text = seed % 3 === 0 ? stringify(document) : JSON.stringify(document)
    const taken = readTopology(text)
    if ('faults' in taken) {
      counts.faulty += 1
      expect(taken.faults.length).toBeGreaterThan(0)
      for (const { line, column, message } of taken.faults)
        expect([line >= 1, column >= 1, /[.?]$/.test(message)]).toEqual([true, true, true])
      continue
    }
    const { topology, places } = taken
    const findings = locate(checkTopology(topology), places)
    for (const { rule, line } of findings) {
      found.add(rule)
      expect(line).toBeLessThanOrEqual(text.split('\n').length)
    }
    pictureLines(topology)
    diffTopologies(last, topology)
    checkChange(last, topology)
    serverTable(planServers(topology))
    last = topology
    if (!isSound(findings)) {
      counts.unsound += 1
      continue
    }
    counts.sound += 1
    expectStartable(topology, used)
  }
  expect(counts.faulty, JSON.stringify(counts)).toBeGreaterThan(100)
  expect(counts.unsound, JSON.stringify(counts)).toBeGreaterThan(100)
  expect(counts.sound, JSON.stringify(counts)).toBeGreaterThan(100)
  expect(found.size, [...found].join(' ')).toBeGreaterThan(25)
  const all = withStartOptions(new Command()).options.map(option => option.attributeName())
  // A machine for the archive alone is no part of a topology, and only that one has a door of its own for its health.
  // Pools are in a file that is followed; where a topology is published to does not stand in it.
  expect(all.filter(name => !used.has(name))).toEqual(['healthPort', 'pools', 'cms'])
}, 120_000)

test('[TR71] of random pairs, differences that ask nothing of processes change nothing of how a server is started', () => {
  let followed = 0
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = openRandom(seed)
    const whole = randomTopology(random)
    const before = topologyOf(whole)
    const next = readTopology(JSON.stringify(altered(whole, random)))
    if ('faults' in next) continue
    const { topology: after } = next
    const differences = diffTopologies(before, after)
    const starts = (topology: Topology, fqdn: string) =>
      planServer(topology, fqdn)?.processes.map(({ name, settings, secrets }) => ({ name, settings, secrets }))
    const both = serversOf(before).filter(fqdn => serversOf(after).includes(fqdn))
    const restarted = new Set(differences.flatMap(({ asks }) => asks.map(({ server }) => server)))
    for (const fqdn of both.filter(one => !restarted.has(one)))
      expect(starts(after, fqdn), JSON.stringify(differences)).toEqual(starts(before, fqdn))
    if (differences.length > 0 && differences.every(({ asks }) => asks.length === 0)) followed += 1
  }
  expect(followed).toBeGreaterThan(20)
})

/** A few changes that an administrator makes. */
function altered(document: Written, random: ReturnType<typeof openRandom>): Written {
  const next = structuredClone(document)
  const pool = random.pick(next.persistentChatPools as Written[])
  const doings = [
    () => (pool.displayName = 'Another'),
    () => (pool.users = { concurrent: 7 }),
    () => next.sites.push({ name: 'new' }),
    () => (pool.compliance = { ...pool.compliance, enabled: !pool.compliance?.enabled }),
    () => (pool.defaultFor = { allSites: true }),
    () => (pool.servers = pool.servers?.map((one: Written) => ({ ...one, standby: !one.standby }))),
    () => pool.servers?.push({ fqdn: 'chat9.p0.example.com' }),
    () => (pool.port = random.between(1, 65_535)),
    () => (pool.store = { hosts: [{ host: 'db77.example.com' }] }),
    () => (pool.logLevel = 'debug'),
    () => pool.servers?.pop(),
    () => next.enterprisePools.pop(),
    () => delete pool.nats,
    () => (pool.fileStore = { place: '/srv/files' }),
    () => (pool.users = { concurrent: random.below(90_000) }),
    () => (pool.nextHop = pool.fqdn),
    () => (pool.site = random.pick(next.sites as { name: string }[]).name),
  ]
  for (let i = random.between(1, 2); i > 0; i -= 1) random.pick(doings)()
  return next
}

test('[TR67] the Standard Edition example is what npm start starts', () => {
  const topology = topologyOf(exampleOf('standard-edition'))
  expect(serversOf(topology)).toEqual(['localhost'])
  const { processes } = planServer(topology, 'localhost')!
  expect(processes).toHaveLength(1)
  expect(startArguments(processes[0]!.settings)).toEqual([])
  // Said in full, it is the same too.
  const { role, ...defaults } = parse()
  expect(processes[0]!.settings).toEqual(defaults)
  expect(role).toBe('all')
})

test('[TR68] a plan holds references, and the secrets come where they belong', () => {
  const document = exampleOf('enterprise-edition')
  const [pool] = document.persistentChatPools
  Object.assign(pool.nats, { user: 'bus', password: 'env:NATS_PASSWORD' })
  const { settings, secrets } = planServer(topologyOf(document), 'chat1.example.com')!.processes[0]!
  expect(secrets).toEqual([
    { setting: 'databaseUrl', reference: 'file:/etc/pchat/store.secret' },
    { setting: 'complianceDatabaseUrl', reference: 'file:/etc/pchat/compliance.secret' },
    { setting: 'natsUrl', reference: 'env:NATS_PASSWORD' },
  ])
  const filled = fillSecrets(settings, secrets, reference => (reference.startsWith('env:') ? 'n@ts' : 'a/b:c@d,e'))
  expect(filled.databaseUrl).toBe(
    'postgres://pchat:a%2Fb%3Ac%40d%2Ce@db1.example.com:5432,db2.example.com:5432/pchat?sslmode=verify-full',
  )
  expect(filled.natsUrl).toBe('tls://bus:n%40ts@nats1.example.com:4222,tls://bus@nats2.example.com:4222')
  const without: ServerSettings = { ...settings, natsUrl: 'tls://nats1.example.com:4222' }
  expect(fillSecrets(without, secrets.slice(2), () => 'token').natsUrl).toBe('tls://token@nats1.example.com:4222')
  expect(findFault(parse(...startArguments(filled)))).toBeUndefined()
})

test('[BS26] an address without a user, or with a password, takes no other: it is refused, and nothing of it is told', () => {
  const fill = (setting: 'databaseUrl' | 'natsUrl', address: string) => () =>
    fillSecrets({ [setting]: address }, [{ setting, reference: 'env:X' }], () => 'hidden')[setting]
  const refused = [
    ...['postgres://db/pchat', 'postgres://@db/pchat', 'postgres://db1,db2/pchat', 'postgres://db/pchat?user=a@b'],
    ...['postgres://ann:known@db/pchat', 'postgres://ann:@db/pchat', 'db/pchat'],
  ]
  for (const address of refused) {
    const sentence =
      /^The address that the password of PCHAT_DATABASE_SECRET belongs into .* postgres:\/\/user@host:5432/
    expect(fill('databaseUrl', address), address).toThrow(sentence)
    expect(fill('databaseUrl', address), address).not.toThrow(/known|hidden/)
  }
  expect(fill('natsUrl', 'nats://ann:known@bus')).toThrow(/^The address .*PCHAT_NATS_SECRET.* nats:\/\/user@/)
  expect(fill('natsUrl', 'nats://bus')()).toBe('nats://hidden@bus')
  expect(fill('databaseUrl', 'postgres://ann@db/pchat')()).toBe('postgres://ann:hidden@db/pchat')
})

test('[TR66] what no start does stands in the plan as a command: stand-by, and recording', () => {
  const plan = planServer(topologyOf(exampleOf('enterprise-edition')), 'chat3.example.com')!
  const set = 'pchat pool active-servers set chat1.example.com chat2.example.com'
  expect(plan.processes[0]!.verbs).toEqual([set, 'pchat compliance enable'])
  const lines = planLines(plan)
  expect(lines).toContain('  On stand-by: not by its start; the first four servers of a pool start active')
  expect(lines.slice(lines.indexOf('  Once the pool runs:')).slice(1, 3)).toEqual([
    `    ${set}`,
    '    pchat compliance enable',
  ])
  const [standard] = planServer(topologyOf(exampleOf('standard-edition')), 'localhost')!.processes
  expect(standard!.verbs).toEqual([])
})

test('[TR66] Front End Servers run sign-in and the two web services of each pool, Persistent Chat Servers the rest', () => {
  const document = exampleOf('enterprise-edition')
  document.persistentChatPools.push({
    ...structuredClone(document.persistentChatPools[0]),
    ...{ fqdn: 'talk.example.com', name: 'talk', displayName: 'Talk', webPort: 8443, defaultFor: {} },
    ...{
      servers: [{ fqdn: 'talk1.example.com', address: '10.0.0.9' }],
      store: { hosts: [{ host: 'db5.example.com' }] },
    },
    compliance: {},
  })
  const topology = topologyOf(document)
  expect(isSound(checkTopology(topology))).toBe(true)
  expect(planServer(topology, 'fe1.example.com')!.processes).toMatchObject([
    {
      name: 'web-pchat',
      roles: ['sign-in', 'web-services', 'files'],
      settings: { role: 'front-end', complianceOutput: '/mnt/pchat-compliance/output' },
      listens: { port: 443 },
    },
    { name: 'web-talk', pool: 'talk.example.com', settings: { port: 8443, dataDir: '/var/lib/pchat/web-talk' } },
  ])
  expect(planServer(topology, 'fe1.example.com')!.processes[0]!.settings).not.toHaveProperty('complianceDatabaseUrl')
  const [talk] = planServer(topology, 'talk1.example.com')!.processes
  expect(talk).toMatchObject({
    roles: ['persistent-chat'],
    recording: false,
    listens: { host: '10.0.0.9', port: 443, url: 'https://talk1.example.com' },
    settings: { host: '10.0.0.9', url: 'https://talk1.example.com', server: 'talk1.example.com', pool: 'talk' },
    databases: [{ what: 'PersistentChatStore', hosts: ['db5.example.com:5432'] }],
  })
  expect(talk!.peers.map(({ what, host, port }) => `${what} ${host}:${port}`)).toEqual([
    'Front End Server fe1.example.com:8443',
    'Front End Server fe2.example.com:8443',
    'NATS nats1.example.com:4222',
    'NATS nats2.example.com:4222',
    'PersistentChatStore db5.example.com:5432',
  ])
  expect(planServer(topology, 'nobody.example.com')).toBeUndefined()
})
