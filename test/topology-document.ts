import { parse } from 'yaml'
import { type Edition, exampleDocument } from '../src/topology/example.ts'
import { type Read, readTopology } from '../src/topology/read.ts'
import type { Topology } from '../src/topology/schema.ts'

/** A document as somebody writes it, to be changed at will before it is read. */
// biome-ignore lint/suspicious/noExplicitAny: what is written may be anything
export type Written = any

/** The example of an edition, as data. */
export function exampleOf(edition: Edition, fqdn?: string): Written {
  return parse(exampleDocument(edition, fqdn))
}

export function textOf(document: Written): string {
  return JSON.stringify(document, null, 2)
}

/** A document that is read; throws with what is wrong where it is not. */
export function readWritten(document: Written): Read {
  const read = readTopology(typeof document === 'string' ? document : textOf(document))
  if ('faults' in read) throw new Error(read.faults.map(({ message }) => message).join('\n'))
  return read
}

export function topologyOf(document: Written): Topology {
  return readWritten(document).topology
}

/** Two Enterprise Edition pools in two sites, each with a Persistent Chat pool; nothing to remark. */
export function twoPools(): Written {
  const one = exampleOf('enterprise-edition', 'chat.example.com')
  const other = exampleOf('enterprise-edition', 'talk.paris.example.com')
  one.sites.push({ name: 'paris' })
  const [hop] = other.enterprisePools
  const [pool] = other.persistentChatPools
  Object.assign(pool, { name: 'paris', site: 'paris', displayName: 'Paris' })
  pool.defaultFor = { sites: ['paris'] }
  hop.site = 'paris'
  one.enterprisePools.push(hop)
  one.persistentChatPools.push(pool)
  return one
}

/** A Standard Edition server on which everything is, reached from others. */
export function standard(): Written {
  return exampleOf('standard-edition', 'chat.example.com')
}
