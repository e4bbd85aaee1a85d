import type { Random } from './random.ts'
import { exampleOf, type Written } from './topology-document.ts'

/** A topology that may well be sound: sites, pools of every kind, and options as the forms of the document allow them. */
export function randomTopology(random: Random): Written {
  const sites = Array.from({ length: random.between(1, 3) }, (_, i) => ({ name: `site${i}` }))
  const document: Written = { version: 1, sites, enterprisePools: [], standardServers: [], persistentChatPools: [] }
  const count = random.between(1, 3)
  for (let i = 0; i < count; i += 1) {
    const domain = `p${i}.example.com`
    const site = random.pick(sites).name
    if (random.chance(0.25)) addStandard(document, domain, site, random)
    else addEnterprise(document, domain, site, random)
    const pool = document.persistentChatPools.at(-1)
    if (count > 1 || random.chance(0.5)) Object.assign(pool, { name: `pool${i}`, displayName: `Pool ${i}` })
    addOptions(pool, domain, random)
  }
  return document
}

function machine(fqdn: string, random: Random): Written {
  return {
    fqdn,
    ...(random.chance(0.3) ? { dataDir: '/srv/data' } : {}),
    ...(random.chance(0.4) ? { certificate: { from: random.pick(['files', 'authority', 'self-signed']) } } : {}),
    ...(random.chance(0.2)
      ? { address: `10.${random.below(250)}.${random.below(250)}.${random.between(1, 250)}` }
      : {}),
  }
}

function addStandard(document: Written, domain: string, site: string, random: Random): void {
  const fqdn = `chat.${domain}`
  document.standardServers.push({ ...machine(fqdn, random), site })
  const store = random.chance(0.3) ? { store: { hosts: [{ host: random.pick(['localhost', fqdn]) }], tls: false } } : {}
  const archive = { store: { hosts: [{ host: 'localhost' }] }, fileStore: '/srv/archive' }
  const compliance = random.chance(0.4) ? { compliance: { enabled: random.chance(0.8), ...archive } } : {}
  document.persistentChatPools.push({ fqdn, ...store, ...compliance, users: { concurrent: random.below(9_000) } })
}

function addEnterprise(document: Written, domain: string, site: string, random: Random): void {
  const example = exampleOf('enterprise-edition', `chat.${domain}`)
  const [hop] = example.enterprisePools
  const [pool] = example.persistentChatPools
  const names = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => machine(`${prefix}${i + 1}.${domain}`, random))
  if (random.chance(0.2)) {
    document.standardServers.push({ ...machine(`fe.${domain}`, random), site })
  } else {
    document.enterprisePools.push({ ...hop, site, servers: names('fe', random.between(1, 3)) })
  }
  const servers = names('chat', random.between(1, 4)).map((one, i) => ({
    ...one,
    ...(i >= random.between(1, 2) ? { standby: true } : {}),
    ...(random.chance(0.1) ? { site: random.pick(document.sites as { name: string }[]).name } : {}),
  }))
  const users = random.chance(0.5) ? { concurrent: random.below(30_000), enabled: random.below(60_000) } : undefined
  document.persistentChatPools.push({ ...pool, site, servers, users: users ?? {}, defaultFor: {} })
  if (random.chance(0.2)) delete pool.compliance
  if (random.chance(0.2))
    document.persistentChatPools.at(-1).fileStore = { place: `s3://bucket-${site}/files?region=eu-1` }
}

/** Any of the other options, each with a form that may be sound. */
function addOptions(pool: Written, domain: string, random: Random): void {
  const options: Record<string, () => unknown> = {
    port: () => random.between(1, 65_535),
    webPort: () => random.between(1, 65_535),
    workers: () => random.between(1, 64),
    fileKeyFile: () => "/etc/pchat/it's a key",
    clamd: () => random.pick(['/run/clamd.sock', 'clamd.example.com:3310', '[fd00::1]:3310']),
    scannerAway: () => random.pick(['open', 'closed']),
    downloadUrl: () =>
      random.pick(['https://files.example.net', 'https://files.example.net:8443/', 'https://[fd00::9]']),
    domain: () => 'example.com',
    trustedProxies: () => random.pick([['10.0.0.7'], ['10.1.0.0/16', 'fd00::/16']]),
    passkeyDomain: () => random.pick(['example.com', domain]),
    factorKeyFile: () => '/etc/pchat/factor.keys',
    handOverKeyFile: () => '/etc/pchat/hand-over.keys',
    directoryConfig: () => '/etc/pchat/directory.yaml',
    logLevel: () => random.pick(['debug', 'info', 'warn', 'error', 'silent']),
    backupStore: () => (pool.store?.hosts?.length > 1 ? { hosts: [{ host: 'db.far.example.com' }] } : undefined),
  }
  for (const [name, make] of Object.entries(options)) {
    const value = random.chance(0.3) ? make() : undefined
    if (value !== undefined) pool[name] = value
  }
}

const oddities: unknown[] = [
  ...[
    '',
    ' ',
    'localhost',
    'LOCALHOST',
    '0',
    '127.0.0.1',
    '::1',
    '/',
    's3://',
    'https://',
    'env:',
    'file:/x',
    'xn--a',
    '\u001b[2J',
  ],
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e9,
    Number.MAX_SAFE_INTEGER,
    [],
    {},
    [[]],
    [null],
    'a'.repeat(300),
    '\ud800',
    '__proto__',
  ],
]

/** The document with some parts of it changed for others, left out, doubled or put elsewhere. */
export function disturbed(document: Written, random: Random): Written {
  const changed = structuredClone(document)
  for (let i = random.between(1, 4); i > 0; i -= 1) disturb(changed, random)
  return changed
}

function disturb(document: Written, random: Random): void {
  const places: { holder: Written; key: string }[] = []
  const walk = (holder: Written) => {
    if (typeof holder !== 'object' || holder === null) return
    for (const key of Object.keys(holder)) {
      places.push({ holder, key })
      walk(holder[key])
    }
  }
  walk(document)
  if (places.length === 0) return
  const { holder, key } = random.pick(places)
  const other = random.pick(places)
  const doings = [
    () => delete holder[key],
    () => (holder[key] = random.pick(oddities)),
    () => (holder[key] = structuredClone(other.holder[other.key])),
    () =>
      Array.isArray(holder[key]) &&
      holder[key].push(structuredClone(random.pick(holder[key]) ?? random.pick(oddities))),
    () => (holder[random.pick(['fqdn', 'site', 'nmae', 'store', 'servers', 'constructor'])] = random.pick(oddities)),
  ]
  random.pick(doings)()
}
