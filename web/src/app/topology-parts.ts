import type { TopologyNode } from '../../../src/protocol/topology-verbs.ts'
import { listAt } from './topology-document.ts'
import { isRecord, pointerOf, type Steps, valueAt } from './topology-schema.ts'

/** A part of the document that is edited by itself. */
export type Part = { pointer: string; kind: string; name: string; level: number }

const kinds: Record<string, string> = {
  sites: 'Site',
  enterprisePools: 'Enterprise Edition pool',
  standardServers: 'Standard Edition server',
  persistentChatPools: 'Persistent Chat pool',
}
const inPool: [Steps, string][] = [
  [['store'], 'PersistentChatStore'],
  [['backupStore'], 'Backup of the store'],
  [['compliance', 'store'], 'PersistentChatComplianceStore'],
  [['nats'], 'NATS'],
  [['fileStore'], 'File store'],
]

/** All parts of a document, each before what is in it. */
export function partsOf(value: unknown): Part[] {
  return Object.keys(kinds).flatMap(list => listAt(value, [list]).flatMap((one, i) => partsIn(list, one, i)))
}

function partsIn(list: string, one: Record<string, unknown>, i: number): Part[] {
  const own = { pointer: pointerOf([list, i]), kind: kinds[list]!, name: nameOf(one), level: 1 }
  const servers = listAt(one, ['servers']).map((server, j) => ({
    pointer: pointerOf([list, i, 'servers', j]),
    kind: list === 'enterprisePools' ? 'Front End Server' : 'Persistent Chat Server',
    name: nameOf(server),
    level: 2,
  }))
  const others = inPool
    .filter(([steps]) => isRecord(valueAt(one, steps)))
    .map(([steps, kind]) => ({ pointer: pointerOf([list, i, ...steps]), kind, name: '', level: 2 }))
  return [own, ...servers, ...(list === 'persistentChatPools' ? others : [])]
}

function nameOf(part: Record<string, unknown>): string {
  const name = part.fqdn ?? part.name
  return typeof name === 'string' || typeof name === 'number' ? String(name) : 'without a name'
}

/** What a part is called, for headings. */
export function partAt(parts: readonly Part[], pointer: string): Part | undefined {
  return parts.find(one => one.pointer === pointer)
}

/** The part that the option stands in, or the part itself. */
export function partAround(parts: readonly Part[], path: string): Part | undefined {
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const found = partAt(parts, at)
    if (found) return found
  }
  return undefined
}

/** By pointer. What is embedded stands in no part of its own: its change is one of the pool. */
export function changesOf(parts: readonly Part[], nodes: readonly TopologyNode[]): Map<string, TopologyNode['change']> {
  const found = new Map<string, TopologyNode['change']>()
  for (const { path, change } of nodes) {
    const pointer = partAround(parts, path)?.pointer
    if (pointer === undefined || change === 'removed') continue
    const known = found.get(pointer)
    // A part comes before what is embedded in it, which has its path.
    if (known === undefined && pointer === path) found.set(pointer, change)
    else if (change !== 'none' && (known ?? 'none') === 'none') found.set(pointer, 'changed')
  }
  return found
}

function namesIn(value: unknown): string[] {
  const found: string[] = []
  const look = (one: unknown) => {
    if (Array.isArray(one)) one.forEach(look)
    else if (isRecord(one))
      for (const [name, member] of Object.entries(one))
        if ((name === 'fqdn' || name === 'name' || name === 'host') && typeof member === 'string') found.push(member)
        else look(member)
  }
  look(value)
  return found
}

/** A name like the others that nothing has yet: chat3.example.com after chat2.example.com. */
export function freeName(value: unknown, like: string): string {
  const taken = new Set(namesIn(value))
  const [, stem = '', , rest = ''] = /^(.*?)(\d*)(\..*)?$/.exec(like) ?? []
  const first = taken.has(like) ? Number(/(\d*)(\..*)?$/.exec(like)?.[1] || 1) + 1 : 0
  if (first === 0) return like
  for (let i = first; ; i += 1) if (!taken.has(`${stem}${i}${rest}`)) return `${stem}${i}${rest}`
}

/** The domain that most of it is in. */
function domainOf(value: unknown): string {
  const counts = new Map<string, number>()
  for (const name of namesIn(value)) {
    const domain = name.split('.').slice(1).join('.')
    if (domain.includes('.')) counts.set(domain, (counts.get(domain) ?? 0) + 1)
  }
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0] ?? 'example.com'
}

/** What a new part of that list or group begins as, so that little has to be said of it. */
export function newPart(value: unknown, steps: Steps): Record<string, unknown> {
  const [list, , member] = steps
  const domain = domainOf(value)
  const free = (like: string) => freeName(value, like)
  const host = (label: string) => free(`${label}.${domain}`)
  const site = listAt(value, ['sites'])[0]?.name
  const inSite = site === undefined ? {} : { site }
  const before = listAt(value, steps).at(-1)
  const last = before?.fqdn
  switch (steps.at(-1)) {
    case 'sites':
      return { name: free('site1') }
    case 'enterprisePools':
      return { fqdn: host('fe'), ...inSite, servers: [{ fqdn: host('fe1') }] }
    case 'standardServers':
      return { fqdn: host('chat'), ...inSite }
    case 'persistentChatPools':
      return newPool(value, { free, host, inSite })
    case 'servers':
      if (member === 'nats') return { host: host('nats1') }
      return {
        fqdn: free(typeof last === 'string' ? last : `${list === 'enterprisePools' ? 'fe' : 'chat'}1.${domain}`),
        // Like the last one: a pool has few active servers, and room for more on stand-by.
        ...(before?.standby === true ? { standby: true } : {}),
      }
    case 'hosts':
      return { host: host('db1') }
    case 'store':
      return steps.at(-2) === 'compliance'
        ? { hosts: [{ host: host('db9') }], password: 'file:/etc/pchat/compliance.secret' }
        : { hosts: [{ host: host('db1') }], password: 'file:/etc/pchat/store.secret' }
    case 'backupStore':
      return { hosts: [{ host: host('backup1') }], password: 'file:/etc/pchat/backup.secret' }
    case 'nats':
      return { servers: [{ host: host('nats1') }] }
    case 'fileStore':
      return { place: '/mnt/pchat-files', shared: true }
    default:
      return {}
  }
}

type Names = { free(like: string): string; host(label: string): string; inSite: object }

function newPool(value: unknown, { free, host, inSite }: Names): Record<string, unknown> {
  const others = listAt(value, ['persistentChatPools'])
  const used = new Set(others.map(one => one.fqdn))
  // A Standard Edition server without a pool waits for one.
  const waiting = listAt(value, ['standardServers']).find(one => !used.has(one.fqdn))
  const names = others.length === 0 ? {} : { name: free(`pool${others.length + 1}`), displayName: 'Other rooms' }
  if (waiting) return { fqdn: waiting.fqdn, ...names }
  const hop = listAt(value, ['enterprisePools'])[0]
  return {
    fqdn: host(others.length === 0 ? 'chat' : 'talk'),
    ...names,
    ...(hop?.site === undefined ? inSite : { site: hop.site }),
    ...(hop ? { nextHop: hop.fqdn } : {}),
    servers: [{ fqdn: host(others.length === 0 ? 'chat1' : 'talk1') }],
    store: { hosts: [{ host: host('db1') }], password: 'file:/etc/pchat/store.secret' },
  }
}

/** Names that an option may be meant to have, so that nobody types them. */
export function namesFor(value: unknown, option: string): string[] {
  if (option === 'site') return listAt(value, ['sites']).map(one => String(one.name))
  if (option !== 'nextHop') return []
  return ['enterprisePools', 'standardServers'].flatMap(list => listAt(value, [list]).map(one => String(one.fqdn)))
}
