import { type Effect, isRecord, type Schema } from './option.ts'
import { planIn, type ServerPlan } from './plan.ts'
import { type Topology, topologySchema } from './schema.ts'
import { type PoolView, type View, viewOf } from './view.ts'

/** What a server does about a difference: it starts anew, starts for the first time, or is drained and stops. */
type Doing = 'restart' | 'start' | 'stop'
/** Of which machine; of which of its processes, where there are several. */
export type Ask = { doing: Doing; server: string; process?: string }

export type Difference = {
  /** `persistentChatPools[chat.example.com].servers[chat1.example.com].standby`. */
  where: string
  change: 'added' | 'removed' | 'changed'
  /** The option's value; of a part that is new or gone only its name. Undefined where there is none. */
  before?: unknown
  after?: unknown
  /** What this is to servers: nothing, a command (`verb`), or most of what stands in `asks`. */
  effect: Effect | Doing
  verb?: string
  asks: Ask[]
  /** The machines of `asks`. */
  servers: string[]
}

/**
 * What differs between two topologies, part by part: sites, pools and servers are told apart by their names, whatever their order. An
 * option that both leave out and one that says its default are the same. Pure.
 */
export function diffTopologies(before: Topology, after: Topology): Difference[] {
  const found = differ(topologySchema, before, after, [])
  const moves = openMoves(before, after)
  return found.map(({ steps, ...one }) => {
    const asks = one.effect === 'restart' ? moves(steps) : []
    const effect = one.effect === 'restart' ? mostOf(one.change, asks) : one.effect
    return { ...one, where: shownSteps(steps), effect, asks, servers: [...new Set(asks.map(({ server }) => server))] }
  })
}

/** Where a part asks several things, the one that its change is about. */
function mostOf(change: Difference['change'], asks: Ask[]): Difference['effect'] {
  const order: Doing[] = change === 'removed' ? ['stop', 'restart', 'start'] : ['start', 'restart', 'stop']
  return order.find(doing => asks.some(one => one.doing === doing)) ?? 'running'
}

type Step = { name: string; key?: string }
type Raw = Pick<Difference, 'change' | 'before' | 'after' | 'verb'> & { steps: Step[]; effect: Effect }

function differ(schema: Schema, before: unknown, after: unknown, steps: Step[]): Raw[] {
  if (same(before, after)) return []
  if (schema['x-key'] && Array.isArray(before) && Array.isArray(after))
    return differKeyed(schema, before, after, steps, schema['x-key'])
  if (!schema.properties || !isRecord(before) || !isRecord(after))
    return [{ steps, change: changeOf(before, after), before, after, ...effectOf(schema) }]
  return Object.entries(schema.properties).flatMap(([name, member]) =>
    differ(member, before[name], after[name], [...steps, { name }]),
  )
}

function differKeyed(schema: Schema, before: unknown[], after: unknown[], steps: Step[], key: string): Raw[] {
  const [old, now] = [byKey(before, key), byKey(after, key)]
  const part = (name: string) => [...steps.slice(0, -1), { ...steps.at(-1)!, key: name }]
  // A site is a name for servers, and no server itself.
  const effect = steps.at(-1)?.name === 'sites' ? 'running' : 'restart'
  return [
    ...[...old.keys()].filter(name => !now.has(name)).map(name => gone(part(name), effect)),
    ...[...now].flatMap(([name, value]) => {
      const was = old.get(name)
      return was === undefined ? [made(part(name), effect)] : differ(schema.items!, was, value, part(name))
    }),
  ]
}

function gone(steps: Step[], effect: Effect): Raw {
  return { steps, change: 'removed', before: steps.at(-1)!.key, after: undefined, effect }
}

function made(steps: Step[], effect: Effect): Raw {
  return { steps, change: 'added', before: undefined, after: steps.at(-1)!.key, effect }
}

function effectOf(schema: Schema): Pick<Raw, 'effect' | 'verb'> {
  const verb = schema['x-verb']
  return { effect: schema['x-change'] ?? 'restart', ...(verb === undefined ? {} : { verb }) }
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

/** What changes for one process of a machine. */
type Move = Ask & { pools: (string | undefined)[] }

/**
 * The moves of each machine that the part is about, of those of its processes that belong to it. A machine that is new or gone is told
 * with the part that brings or takes it.
 */
function openMoves(before: Topology, after: Topology): (steps: Step[]) => Ask[] {
  const [old, now] = [viewOf(before), viewOf(after)]
  const remembered = new Map<string, Move[]>()
  const movesOf = (fqdn: string) => {
    const known = remembered.get(fqdn) ?? compareProcesses(fqdn, planIn(old, fqdn), planIn(now, fqdn))
    remembered.set(fqdn, known)
    return known
  }
  return steps => {
    const all = new Set([...machinesUnder(steps, before, old.pools), ...machinesUnder(steps, after, now.pools)])
    const [first, last] = [steps[0], steps.at(-1)]
    const isAbout = ({ pools }: Move) => first?.name !== 'persistentChatPools' || pools.includes(first.key)
    const stays = (fqdn: string) => isMachine(old, fqdn) && isMachine(now, fqdn)
    return [...all]
      .filter(fqdn => last?.key !== undefined || stays(fqdn))
      .flatMap(fqdn => movesOf(fqdn).filter(isAbout))
      .map(({ pools: _, ...one }) => one)
  }
}

function isMachine({ frontEnds, standards, chatServers }: View, fqdn: string): boolean {
  return [frontEnds, standards, chatServers].some(all => all.some(one => one.fqdn === fqdn))
}

/** Process by process: one is new, one is gone, one is started otherwise; of the others nothing. */
function compareProcesses(server: string, before: ServerPlan | undefined, after: ServerPlan | undefined): Move[] {
  const [old, now] = [startsOf(before), startsOf(after)]
  const names = [...new Set([...old.keys(), ...now.keys()])]
  return names.flatMap(name => {
    const [was, is] = [old.get(name), now.get(name)]
    if (was && is && same(was.start, is.start)) return []
    const doing = was === undefined ? 'start' : is === undefined ? 'stop' : 'restart'
    const process = names.length > 1 ? { process: name } : {}
    return [{ doing, server, ...process, pools: [was?.pool, is?.pool] }]
  })
}

/** How each process of the machine is started: what may change while it runs is no part of it. */
function startsOf(plan: ServerPlan | undefined): Map<string, { pool: string; start: object }> {
  const certificate = plan?.certificate
  return new Map(
    (plan?.processes ?? []).map(({ name, pool, settings, secrets }) => [
      name,
      { pool, start: { settings, secrets, certificate } },
    ]),
  )
}

/** The machines of the part: one, or those of a pool, its web services included; with a next hop those that know it by its name. */
function machinesUnder([first, second]: Step[], { enterprisePools }: Topology, pools: PoolView[]): string[] {
  if (second?.key !== undefined) return [second.key]
  const behind = () => pools.filter(({ nextHop }) => nextHop?.fqdn === first?.key).flatMap(({ servers }) => servers)
  if (first?.name === 'standardServers') return [first.key ?? '', ...behind().map(({ fqdn }) => fqdn)]
  if (first?.name === 'enterprisePools') {
    const own = enterprisePools.filter(one => one.fqdn === first.key).flatMap(one => one.servers)
    return [...own, ...behind()].map(({ fqdn }) => fqdn)
  }
  return pools
    .filter(({ pool }) => pool.fqdn === first?.key)
    .flatMap(({ servers, nextHop }) => [...servers, ...(nextHop?.servers ?? [])].map(one => one.fqdn))
}
