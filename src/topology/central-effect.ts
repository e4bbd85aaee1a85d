import type { TellEffect } from './central-follow.ts'
import { processOn } from './central-process.ts'
import { checkTopology } from './check.ts'
import { type Ask, type Difference, diffTopologies } from './diff.ts'
import { readTopology } from './read.ts'
import type { Topology } from './schema.ts'

/**
 * What a change of the topology is to a server on the machine of that name: what it follows while it runs, and what it starts anew
 * for. Throws where this program could not start by the newer document.
 */
export function effectOn(fqdn: string, pool?: string): TellEffect {
  return (before, after) => {
    const other = soundTopology(after)
    const here = processOn(other, fqdn, pool)
    if ('gone' in here) return here
    const one = requireTopology(before)
    const differences = diffTopologies(one, other)
    const isHere = ({ server, process }: Ask) => server === fqdn && (process ?? here.name) === here.name
    const quiet = differences.filter(({ effect }) => effect === 'running' || effect === 'verb')
    return {
      followed: quiet.map(one => (one.verb ? `${sentence(one)}: ${one.verb}` : sentence(one))),
      restart: differences.filter(({ asks }) => asks.some(isHere)).map(sentence),
    }
  }
}

/** What a server can start by. */
export function soundTopology(document: string): Topology {
  const topology = requireTopology(document)
  const error = checkTopology(topology).find(({ level }) => level === 'error')
  if (error) throw new Error(`it is not sound for this program: ${error.message}`)
  return topology
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
