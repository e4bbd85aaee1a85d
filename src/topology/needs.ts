import { endpointsPerUser } from './limits.ts'
import type { ServerPlan } from './plan.ts'
import type { ChatPool, Topology } from './schema.ts'

/** What a machine must have for what the plan puts there. */
export type Needs = {
  /** Devices at a time that it serves, as the topology declares them; 0 where it says nothing. */
  devices: number
  cores: number
  memoryBytes: number
  /** Its own database: the disk decides how fast a post is acknowledged. */
  embedded: boolean
  /** Beyond this a write to disk takes too long. */
  syncMs: number
}

const gigabyte = 1024 ** 3
/** Measured, with room (docs/performance-load.md): 26,667 sessions in 1,200 MB. */
const bytesPerDevice = 48 * 1024

/** Pure. */
export function needsOf(topology: Topology, { processes }: ServerPlan): Needs {
  const workers = processes.reduce((sum, { settings }) => sum + (settings.workers ?? 1), 0)
  const embedded = processes.some(({ databases }) => databases.some(({ hosts }) => hosts.length === 0))
  // Devices hold their sessions at Persistent Chat Servers; a Front End Server answers one request after the other.
  const live = processes.filter(({ roles }) => roles.includes('persistent-chat'))
  const pools = topology.persistentChatPools.filter(one => live.some(({ pool }) => pool === one.fqdn))
  const devices = pools.reduce((sum, pool) => sum + devicesPerServer(pool), 0)
  return {
    devices,
    embedded,
    cores: Math.max(2, workers + (embedded ? 1 : 0)),
    memoryBytes: gigabyte * (1 + workers / 2 + (embedded ? 1 : 0)) + devices * bytesPerDevice,
    syncMs: embedded ? 10 : 100,
  }
}

function devicesPerServer({ users, servers }: ChatPool): number {
  const active = Math.max(1, servers.filter(one => !one.standby).length)
  const devices = users.endpoints ?? (users.concurrent ?? 0) * endpointsPerUser
  return Math.ceil(devices / active)
}
