import type { Database } from '../topology/connection-schema.ts'
import type { Topology } from '../topology/schema.ts'
import { hostsOf, type NextHop, type PoolView, type Server, viewOf } from '../topology/view.ts'
import { widthOf } from './shell/table.ts'

/** The topology as text: for each pool who signs in where, on which servers it runs, and what these talk to. */
export function pictureLines(topology: Topology): string[] {
  const { pools } = viewOf(topology)
  const known = new Map(topology.sites.map(({ name, displayName }) => [name, displayName]))
  const siteNames = [...known.keys(), ...pools.map(({ pool, servers }) => pool.site ?? servers[0]?.site ?? '')]
  return [...new Set(siteNames)].flatMap(site => {
    const here = pools.filter(({ pool, servers }) => (pool.site ?? servers[0]?.site ?? '') === site)
    const title = site === '' ? [] : [`Site ${site}${known.get(site) ? ` (${known.get(site)})` : ''}`, '']
    if (here.length === 0) return [...title, '  no Persistent Chat pool', '']
    return [...title, ...here.flatMap(poolLines)]
  })
}

function poolLines(view: PoolView): string[] {
  const { pool, servers, nextHop, standard } = view
  const name = `${pool.fqdn}${pool.displayName ? ` "${pool.displayName}"` : ''}${usersText(view)}`
  if (standard)
    return [
      ...box([`Standard Edition ${name}`, 'sign-in, web services, files and Persistent Chat', ...archiveText(view)]),
      ...below(view),
      '',
    ]
  return [
    ...(nextHop ? box(hopText(nextHop, pool.webPort)) : ['    no next hop']),
    '      │ next hop',
    ...box([
      `Persistent Chat pool ${name}`,
      ...servers.map(
        one => `${one.standby ? 'stand-by' : 'active  '}  ${one.fqdn}:${pool.port}${elsewhere(view, one)}`,
      ),
      ...archiveText(view),
    ]),
    ...below(view),
    '',
  ]
}

function usersText({ pool }: PoolView): string {
  return pool.users.concurrent === undefined ? '' : `, ${pool.users.concurrent.toLocaleString('en')} users`
}

function archiveText({ pool }: PoolView): string[] {
  return pool.compliance.enabled ? ['compliance: recorded by each server'] : []
}

function elsewhere({ pool }: PoolView, { site }: Server): string {
  return site !== undefined && site !== pool.site ? `  in ${site}` : ''
}

function hopText({ kind, fqdn, servers }: NextHop, port: number): string[] {
  const title = kind === 'enterprise' ? 'Enterprise Edition pool' : 'Standard Edition server'
  return [`${title} ${fqdn}: sign-in, web services, files`, ...servers.map(one => `front end ${one.fqdn}:${port}`)]
}

/** What the servers of the pool talk to, both roles. */
function below({ pool }: PoolView): string[] {
  const { store, backupStore, compliance, nats, fileStore } = pool
  const archive = compliance.store
  const rows = [
    nats && `NATS ${nats.servers.map(({ host, port }) => `${host}:${port}`).join(', ')}`,
    `PersistentChatStore ${store ? databaseText(store) : 'embedded'}`,
    backupStore && `backup of it in another site ${databaseText(backupStore)}`,
    archive && `PersistentChatComplianceStore ${databaseText(archive)}`,
    compliance.fileStore && `compliance file store ${compliance.fileStore}`,
    `file store ${fileStore?.place ?? 'in the data folder'}`,
  ].filter(row => row !== undefined)
  return rows.map((row, i) => `      ${i === rows.length - 1 ? '└' : '├'}── ${row}`)
}

function databaseText(database: Database): string {
  const hosts = hostsOf(database)
  return `${database.database} on ${hosts.join(' and ')}${hosts.length > 1 ? ', primary and stand-by' : ''}`
}

function box(lines: string[]): string[] {
  const width = Math.max(...lines.map(widthOf))
  return [
    `    ┌${'─'.repeat(width + 2)}┐`,
    ...lines.map(line => `    │ ${line}${' '.repeat(width - widthOf(line))} │`),
    `    └─┬${'─'.repeat(width)}┘`,
  ]
}
