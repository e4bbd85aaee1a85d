import { type Effect, isRecord, type Schema } from './option.ts'
import { planIn } from './plan.ts'
import { type Topology, topologySchema } from './schema.ts'
import { type PoolView, type View, viewOf } from './view.ts'

/** What servers do about a difference: follow it while they run, start anew, start for the first time, or stop. */
type Doing = Effect | 'start' | 'stop'

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

/**
 * Which machines a difference is about: those that were there for a stop, those that are there for a start, else those in both that are
 * to be started otherwise than they were.
 */
function openConcerned(before: Topology, after: Topology): (steps: Step[], effect: Doing) => string[] {
  const [old, now] = [viewOf(before), viewOf(after)]
  const [wereThere, areThere] = [new Set(machinesIn(old)), new Set(machinesIn(now))]
  const remembered = new Map<string, boolean>()
  const isStartedAnew = (fqdn: string) => {
    const known = remembered.get(fqdn)
    if (known !== undefined) return known
    const differs = wereThere.has(fqdn) && areThere.has(fqdn) && !same(startOf(old, fqdn), startOf(now, fqdn))
    remembered.set(fqdn, differs)
    return differs
  }
  return (steps, effect) => {
    if (effect === 'running') return []
    const all = [...new Set([...machinesUnder(steps, before, old.pools), ...machinesUnder(steps, after, now.pools)])]
    if (effect === 'stop') return all.filter(fqdn => wereThere.has(fqdn))
    if (effect === 'start') return all.filter(fqdn => areThere.has(fqdn))
    return all.filter(isStartedAnew)
  }
}

function machinesIn({ frontEnds, standards, chatServers }: View): string[] {
  return [...frontEnds, ...standards, ...chatServers].map(one => one.fqdn)
}

/** The machines of the part: one, or those of a pool, its web services included. */
function machinesUnder([first, second]: Step[], { enterprisePools }: Topology, pools: PoolView[]): string[] {
  if (second?.key !== undefined) return [second.key]
  if (first?.name === 'standardServers') return [first.key ?? '']
  if (first?.name === 'enterprisePools')
    return enterprisePools.filter(one => one.fqdn === first.key).flatMap(one => one.servers.map(({ fqdn }) => fqdn))
  return pools
    .filter(({ pool }) => pool.fqdn === first?.key)
    .flatMap(({ servers, nextHop }) => [...servers, ...(nextHop?.servers ?? [])].map(one => one.fqdn))
}

/** How the machine is started: what may change while it runs is no part of it. */
function startOf(view: View, fqdn: string): object {
  const plan = planIn(view, fqdn)
  const processes = (plan?.processes ?? []).map(({ name, settings, secrets }) => ({ name, settings, secrets }))
  return { certificate: plan?.certificate, processes }
}
