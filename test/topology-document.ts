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

export const enterprise = (): Written => exampleOf('enterprise-edition')
export const pool = (document: Written, i = 0): Written => document.persistentChatPools[i]
export const ep = (document: Written, i = 0): Written => document.enterprisePools[i]
export const chats = (...numbers: number[]): Written[] => numbers.map(i => ({ fqdn: `chat${i}.example.com` }))

/** The Enterprise Edition example with other options of its pool. */
export function withPool(more: object): Written {
  const document = enterprise()
  Object.assign(pool(document), more)
  return document
}

/** A pool with servers of its own, whose next hop is a Standard Edition server. */
export function onStandardHop(): Written {
  const document = enterprise()
  delete document.enterprisePools
  document.standardServers = [{ fqdn: 'se.example.com', site: 'main' }]
  pool(document).nextHop = 'se.example.com'
  return document
}

/** The Enterprise Edition example with room for another active server. */
export const roomy = (): Written =>
  withPool({ servers: chats(1, 2).map((one, i) => ({ ...one, standby: i > 0 })), users: {} })
