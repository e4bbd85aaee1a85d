import type { TopologyAsks, TopologyDifference, TopologyNode } from '../../../src/protocol/topology-verbs.ts'
import { counted } from './count-words.ts'

const kinds: Record<string, string> = {
  site: 'Site',
  enterprisePool: 'Enterprise Edition pool',
  frontEnd: 'Front End Server',
  standardServer: 'Standard Edition server',
  chatPool: 'Persistent Chat pool',
  chatServer: 'Persistent Chat Server',
  store: 'PersistentChatStore',
  backup: 'Backup of the store',
  archive: 'PersistentChatComplianceStore',
  nats: 'NATS',
  fileStore: 'File store',
}
/** On a card there is room for so much. */
const shortKinds: Record<string, string> = { archive: 'ComplianceStore' }

export function kindWords(node: TopologyNode): string {
  return kinds[node.kind] ?? node.kind
}

/** What a card is headed with: machines and pools by their names, what they talk to by what it is. */
export function titleOf(node: TopologyNode): string {
  const isNamed = ['site', 'enterprisePool', 'frontEnd', 'standardServer', 'chatPool', 'chatServer'].includes(node.kind)
  return isNamed ? node.name : (shortKinds[node.kind] ?? kindWords(node))
}

export const changeWords: Record<TopologyNode['change'], string> = {
  none: '',
  added: 'new',
  changed: 'changed',
  removed: 'gone',
}

export function problemWords(errors: number, advice: number): string {
  return [...(errors > 0 ? [counted(errors, 'error')] : []), ...(advice > 0 ? [`${advice} advice`] : [])].join(', ')
}

/** All that is to be seen of a part, for who does not see it. */
export function nodeWords(node: TopologyNode, links: readonly string[]): string {
  const kind = kindWords(node)
  const name = titleOf(node) === node.name ? `${kind} ${node.name}` : kind
  const marks = [changeWords[node.change], problemWords(node.errors, node.advice)].filter(word => word !== '')
  return [name, ...node.lines, ...links, ...marks].join(', ')
}

const doings: Record<string, string> = {
  start: 'is to be started',
  restart: 'is to be started anew',
  stop: 'is to be drained and stopped',
}

/** What a publication asks of processes, machine by machine. */
export function askWords({ servers }: TopologyAsks): string[] {
  return servers.map(
    ({ doing, server, process }) =>
      `${server}${process === undefined ? '' : ` (${process})`} ${doings[doing] ?? doing}`,
  )
}

export function effectWords({ asks, verb }: TopologyDifference): string {
  if (verb !== undefined) return `Say: ${verb}`
  if (asks.length === 0) return 'Nothing'
  const told: [string, string][] = [
    ['start', 'Start'],
    ['restart', 'Start anew'],
    ['stop', 'Drain and stop'],
  ]
  return told
    .flatMap(([doing, words]) => {
      const those = asks.filter(one => one.doing === doing)
      const names = those.map(({ server, process }) => (process === undefined ? server : `${server} (${process})`))
      return names.length === 0 ? [] : [`${words}: ${names.join(', ')}`]
    })
    .join('; ')
}
