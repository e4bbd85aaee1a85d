import type { TellEffect } from './central-follow.ts'
import { type Difference, diffTopologies } from './diff.ts'
import { readTopology } from './read.ts'
import type { Topology } from './schema.ts'

/**
 * What a change of the topology is to the machine of that name: what running servers follow, and what it starts anew for, or stops.
 * Throws where the newer document cannot be read.
 */
export function effectOn(fqdn: string): TellEffect {
  return (before, after) => {
    const [one, other] = [requireTopology(before), requireTopology(after)]
    const differences = diffTopologies(one, other)
    const touching = differences.filter(({ effect, servers }) => effect !== 'running' && servers.includes(fqdn))
    return {
      followed: differences.filter(({ effect }) => effect === 'running').map(sentence),
      restart: touching.map(sentence),
    }
  }
}

function requireTopology(document: string): Topology {
  const read = readTopology(document)
  if ('topology' in read) return read.topology
  const [first] = read.faults
  throw new Error(first ? `line ${first.line}: ${first.message}` : 'it cannot be read')
}

function sentence({ where, change, before, after }: Difference): string {
  if (change === 'changed') return `${where} is ${shown(after)}, and was ${shown(before)}`
  return `${where} is ${change}`
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
