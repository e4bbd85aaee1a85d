import { type ProcessPlan, planServer, serversOf } from './plan.ts'
import type { Topology } from './schema.ts'

/** Why there is nothing for a server to run, in a sentence. */
export type Gone = { gone: string }

/** What the machine of that name runs; of the pool that is named, where it runs for several. */
export function processOn(topology: Topology, fqdn: string, pool: string | undefined): ProcessPlan | Gone {
  const plan = planServer(topology, fqdn)
  if (!plan)
    return {
      gone: `The published topology has no machine ${fqdn}; it has ${serversOf(topology).join(', ')}. Name this one with --server.`,
    }
  const fitting = plan.processes.filter(one => pool === undefined || one.settings.pool === pool)
  if (fitting.length === 1) return fitting[0]!
  const pools = plan.processes.map(one => one.settings.pool).join(', ')
  return {
    gone:
      pools === ''
        ? `In the published topology no pool runs on ${fqdn}.`
        : `In the published topology ${fqdn} runs for ${pools}. Name one of them with --pool.`,
  }
}
