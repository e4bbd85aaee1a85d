import { type Effect, isRecord, type Schema } from './option.ts'
import { type Topology, topologySchema } from './schema.ts'
import { type PoolView, viewOf } from './view.ts'

/** What servers do about a difference: follow it while they run, start anew, start for the first time, or stop. */
export type Doing = Effect | 'start' | 'stop'

export type Difference = {
  /** `persistentChatPools[chat.example.com].servers[chat1.example.com].standby`. */
  where: string
  change: 'added' | 'removed' | 'changed'
  /** The option's value; of a part that is new or gone only its name. Undefined where there is none. */
  before?: unknown
  after?: unknown
  /** What this asks of the servers below. */
  effect: Doing
  servers: string[]
}

/**
 * What differs between two topologies, part by part: sites, pools and servers are told apart by their names, whatever their order. An
 * option that both leave out and one that says its default are the same. Pure.
 */
export function diffTopologies(before: Topology, after: Topology): Difference[] {
  const found = differ(topologySchema, before, after, [])
  const concerned = openConcerned(before, after)
  return found.map(({ steps, ...one }) => ({ ...one, where: shownSteps(steps), servers: concerned(steps, one.effect) }))
}

type Step = { name: string; key?: string }
type Raw = Omit<Difference, 'where' | 'servers'> & { steps: Step[] }

function differ(schema: Schema, before: unknown, after: unknown, steps: Step[]): Raw[] {
  if (same(before, after)) return []
  if (schema['x-key'] && Array.isArray(before) && Array.isArray(after))
    return differKeyed(schema, before, after, steps, schema['x-key'])
  if (!schema.properties || !isRecord(before) || !isRecord(after))
    return [{ steps, change: changeOf(before, after), before, after, effect: schema['x-change'] ?? 'restart' }]
  return Object.entries(schema.properties).flatMap(([name, member]) =>
    differ(member, before[name], after[name], [...steps, { name }]),
  )
}

function differKeyed(schema: Schema, before: unknown[], after: unknown[], steps: Step[], key: string): Raw[] {
  const [old, now] = [byKey(before, key), byKey(after, key)]
  const part = (name: string) => [...steps.slice(0, -1), { ...steps.at(-1)!, key: name }]
  // A site is a name for servers, and no server itself.
  const runs = steps.at(-1)?.name !== 'sites'
  return [
    ...[...old.keys()].filter(name => !now.has(name)).map(name => gone(part(name), runs)),
    ...[...now].flatMap(([name, value]) => {
      const was = old.get(name)
      return was === undefined ? [made(part(name), runs)] : differ(schema.items!, was, value, part(name))
    }),
  ]
}

function gone(steps: Step[], runs: boolean): Raw {
  return { steps, change: 'removed', before: steps.at(-1)!.key, after: undefined, effect: runs ? 'stop' : 'running' }
}

function made(steps: Step[], runs: boolean): Raw {
  return { steps, change: 'added', before: undefined, after: steps.at(-1)!.key, effect: runs ? 'start' : 'running' }
}

/** A name that stands there twice is an error of the document; here its second one is another part. */
function byKey(items: unknown[], key: string): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const item of items) {
    const name = String(isRecord(item) ? item[key] : item)
    let free = name
    for (let i = 2; found.has(free); i += 1) free = `${name} (${i})`
    found.set(free, item)
  }
  return found
}

function changeOf(before: unknown, after: unknown): Difference['change'] {
  return before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
}

function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, i) => same(item, other[i]))
  if (!isRecord(one) || !isRecord(other)) return one === other
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every(name => same(one[name], other[name]))
}

function shownSteps(steps: Step[]): string {
  return steps.map(({ name, key }) => (key === undefined ? name : `${name}[${key}]`)).join('.')
}

/** Which machines a difference is about: those that were there for a stop, those that are there for a start, else those in both. */
function openConcerned(before: Topology, after: Topology): (steps: Step[], effect: Doing) => string[] {
  const [old, now] = [viewOf(before), viewOf(after)]
  const ofPool = (pools: PoolView[], fqdn: string | undefined) =>
    pools
      .filter(({ pool }) => pool.fqdn === fqdn)
      .flatMap(({ servers, nextHop }) => [...servers, ...(nextHop?.servers ?? [])].map(one => one.fqdn))
  const machines = ({ frontEnds, standards, chatServers }: typeof old) =>
    [...frontEnds, ...standards, ...chatServers].map(one => one.fqdn)
  const [wereThere, areThere] = [new Set(machines(old)), new Set(machines(now))]
  return (steps, effect) => {
    if (effect === 'running') return []
    const [first, second] = steps
    const enterprise = (topology: Topology) =>
      topology.enterprisePools
        .filter(one => one.fqdn === first?.key)
        .flatMap(one => one.servers.map(({ fqdn }) => fqdn))
    const all =
      second?.key !== undefined
        ? [second.key]
        : first?.name === 'standardServers'
          ? [first.key ?? '']
          : first?.name === 'enterprisePools'
            ? [...enterprise(before), ...enterprise(after)]
            : [...ofPool(old.pools, first?.key), ...ofPool(now.pools, first?.key)]
    const isMeant = (fqdn: string) =>
      effect === 'stop'
        ? wereThere.has(fqdn)
        : effect === 'start'
          ? areThere.has(fqdn)
          : wereThere.has(fqdn) && areThere.has(fqdn)
    return [...new Set(all)].filter(isMeant)
  }
}
