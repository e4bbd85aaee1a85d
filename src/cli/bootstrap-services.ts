import type { ServerPlan } from '../topology/plan.ts'
import type { ChatPool, Topology } from '../topology/schema.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { checkClamd } from './doctor-parts.ts'
import { greetingOfNats, natsWanted, seeNats } from './probe-network.ts'

/** What is no part of the product and no database: NATS and clamd, each once, where the plan has them. */
export async function checkServices(topology: Topology, { processes }: ServerPlan): Promise<Check[]> {
  const pools = topology.persistentChatPools.filter(one => processes.some(({ pool }) => pool === one.fqdn))
  const buses = pools.flatMap(({ nats }) => (nats?.servers ?? []).map(one => ({ ...one, tls: nats!.tls })))
  const once = new Map(buses.map(one => [`${one.host}:${one.port}`, one]))
  const scanners = new Map(pools.flatMap(one => (one.clamd === undefined ? [] : [[one.clamd, one] as const])))
  const mend = 'Check that it runs, its address in the topology, and firewalls between.'
  return Promise.all([
    ...[...once].map(([name, bus]) => look('NATS', name, natsWanted, mend, () => seeBus(bus))),
    ...[...scanners.values()].map(({ clamd, scannerAway }: ChatPool) => checkClamd(clamd!, scannerAway)),
  ])
}

/** It says before anybody signs in whether it encrypts. */
async function seeBus({ host, port, tls }: { host: string; port: number; tls: boolean }): Promise<Seen> {
  const greeting = await greetingOfNats(host, port)
  const seen = seeNats(greeting, 'Mend its address in the topology.')
  if (greeting === undefined || seen.state === 'error') return seen
  const [major = 0, minor = 0] = (greeting.version ?? '').split('.').map(Number)
  const wanted = `${natsWanted}, 2.9 or later${tls ? ', encrypted' : ''}`
  if (major < 2 || (major === 2 && minor < 9)) return fault(seen.found, wanted, 'Upgrade it.')
  if (tls && !greeting.tls_required && !greeting.tls_available)
    return fault(
      `${seen.found}, not encrypted`,
      wanted,
      'Give it a certificate (tls), or say tls: false in the topology.',
    )
  if (!tls && greeting.tls_required)
    return fault(`${seen.found}, encrypted only`, wanted, 'Say tls: true under nats in the topology.')
  return seen.state === 'ok' ? ok(seen.found, wanted) : warning(seen.found, wanted, seen.mend!)
}
