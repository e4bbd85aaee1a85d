import { checkChange } from './change.ts'
import { checkTopology, type Finding, locate } from './check.ts'
import { type Ask, type Difference, diffTopologies } from './diff.ts'
import type { Fault } from './fault.ts'
import { type Picture, type PictureLink, type PictureNode, pictureOf } from './picture.ts'
import type { Place } from './place.ts'
import { readTopology } from './read.ts'
import type { Topology } from './schema.ts'

/** A part of the picture with what is to be seen of it: what changed, and what the rules find there. */
export type JudgedNode = Omit<PictureNode, 'facts'> & {
  change: 'none' | 'added' | 'changed' | 'removed'
  errors: number
  advice: number
}
export type JudgedDifference = Omit<Difference, 'before' | 'after' | 'servers'> & {
  before?: string
  after?: string
  asks: Ask[]
}

/** All that whoever edits a document wants to know of it, as data. */
export type Judged = {
  faults: Fault[]
  findings: (Finding & Place)[]
  /** Findings that are not among them. */
  more: number
  /** None of a document that cannot be read. */
  picture?: { nodes: JudgedNode[]; links: PictureLink[]; more: number }
  /** Against the other document, where both can be read. */
  differences?: JudgedDifference[]
  moreDifferences: number
  /** What all of them ask of servers, those that are not told as well. */
  asks?: { servers: Ask[]; more: number; verbs: string[] }
}

/** Whoever mends or looks has enough with these. */
const most = { findings: 300, nodes: 1_000, differences: 300, asks: 1_000, characters: 200 }

/** What is wrong with a document, what is drawn of it, and what it changes of the one before. Pure; never throws. */
export function judgeDocument(text: string, before?: string): Judged {
  const read = readTopology(text)
  if ('faults' in read) return { faults: read.faults, findings: [], more: 0, moreDifferences: 0 }
  const { topology, places } = read
  const other = before === undefined ? undefined : readTopology(before)
  // What this program cannot read any more says nothing about a change.
  const was = other && 'topology' in other ? other.topology : undefined
  const found = [...checkTopology(topology), ...(was ? checkChange(was, topology) : [])]
  const findings = [
    ...found.filter(({ level }) => level === 'error'),
    ...found.filter(({ level }) => level === 'advice'),
  ]
  const differences = was && diffTopologies(was, topology)
  return {
    faults: [],
    findings: locate(findings.slice(0, most.findings), places),
    more: Math.max(0, findings.length - most.findings),
    picture: judgePicture(topology, was, findings),
    ...(differences
      ? { differences: differences.slice(0, most.differences).map(shownDifference), asks: asksOf(differences) }
      : {}),
    moreDifferences: Math.max(0, (differences?.length ?? 0) - most.differences),
  }
}

function judgePicture(topology: Topology, was: Topology | undefined, findings: Finding[]): Judged['picture'] {
  const picture = pictureOf(topology)
  const nodes = withChanges(picture, was && pictureOf(was))
  const told = nodes.slice(0, most.nodes)
  // Each finding at the smallest part around it.
  const byPath = new Map<string, JudgedNode>()
  // What is embedded has the path of its pool, which comes before it.
  for (const node of told) if (node.change !== 'removed' && !byPath.has(node.path)) byPath.set(node.path, node)
  for (const { path, level } of findings) {
    const node = nearest(byPath, path)
    if (node) node[level === 'error' ? 'errors' : 'advice'] += 1
  }
  const drawn = new Set(told.map(({ id }) => id))
  const links = picture.links.filter(({ from, to }) => drawn.has(from) && drawn.has(to))
  return { nodes: told, links, more: nodes.length - told.length }
}

function nearest(nodes: Map<string, JudgedNode>, path: string): JudgedNode | undefined {
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const node = nodes.get(at)
    if (node) return node
  }
  return undefined
}

function withChanges(now: Picture, was: Picture | undefined): JudgedNode[] {
  const old = new Map(was?.nodes.map(node => [node.id, node]))
  const ids = new Set(now.nodes.map(({ id }) => id))
  const judged = ({ facts: _, ...node }: PictureNode, change: JudgedNode['change']) => ({
    ...{ ...node, change, errors: 0, advice: 0 },
  })
  const changeOf = ({ id, facts }: PictureNode) => {
    const before = old.get(id)
    return was === undefined || before?.facts === facts ? 'none' : before ? 'changed' : 'added'
  }
  return [
    ...now.nodes.map(node => judged(node, changeOf(node))),
    ...(was?.nodes ?? []).filter(({ id }) => !ids.has(id)).map(node => judged({ ...node, path: '' }, 'removed')),
  ]
}

function asksOf(differences: Difference[]): Judged['asks'] {
  const asks = differences.flatMap(one => one.asks)
  const servers = [...new Map(asks.map(one => [`${one.server} ${one.process ?? ''} ${one.doing}`, one])).values()].sort(
    (one, other) => (one.server < other.server ? -1 : one.server > other.server ? 1 : 0),
  )
  const verbs = new Set(differences.flatMap(({ verb }) => (verb === undefined ? [] : [verb])))
  return { servers: servers.slice(0, most.asks), more: Math.max(0, servers.length - most.asks), verbs: [...verbs] }
}

function shownDifference({ before, after, servers: _, ...one }: Difference): JudgedDifference {
  return {
    ...one,
    ...(before === undefined ? {} : { before: shown(before) }),
    ...(after === undefined ? {} : { after: shown(after) }),
  }
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > most.characters ? `${text.slice(0, most.characters)}…` : text
}
