import { isIP } from 'node:net'
import { isInDomain, isOneHost } from '../base/host.ts'
import type { StartOptions } from './options.ts'

/** What no option alone can be blamed for. Answers the sentence to show, or nothing. */
export function findFault(options: StartOptions): string | undefined {
  const { host, tlsCert, tlsKey, tlsSelfSigned } = options
  if (options.role === 'compliance') return findComplianceFault(options)
  const apartFault = findApartFault(options)
  if (apartFault) return apartFault
  if (tlsCert !== undefined && tlsKey === undefined) return '--tls-cert needs its private key. Add --tls-key <file>.'
  if (tlsKey !== undefined && tlsCert === undefined) return '--tls-key needs its certificate. Add --tls-cert <file>.'
  if (tlsSelfSigned && tlsCert !== undefined)
    return '--tls-self-signed and --tls-cert exclude each other. Leave one of them out.'
  if (options.natsUrl !== undefined && options.databaseUrl === undefined)
    return '--nats-url joins servers of a pool, which share one store. Add --database-url <url>.'
  if (options.backupDatabaseUrl !== undefined && options.databaseUrl === undefined)
    return '--backup-database-url is a copy of the store that --database-url names. Add --database-url <url>.'
  if (/^(0\.0\.0\.0|::)$/.test(host) && options.databaseUrl !== undefined && options.url === undefined)
    return `--host ${host} is every address of this machine, and none that clients could be told. Add --url <url>, such as --url https://chat1.example.com.`
  const { pagesUrl, passkeyDomain } = options
  if (pagesUrl !== undefined && passkeyDomain !== undefined && !isInDomain(new URL(pagesUrl).hostname, passkeyDomain))
    return `--pages-url is not in ${passkeyDomain}, the --passkey-domain: no browser would take a passkey there. Give the domain that all names end in.`
  const downloadFault = options.downloadUrl && findDownloadFault(options.downloadUrl, options)
  if (downloadFault) return downloadFault
  if (!isLoopback(host) && !tlsSelfSigned && tlsCert === undefined)
    return `--host ${host} is reached from other machines, so that passwords need a certificate. Add --tls-cert <file> and --tls-key <file>, or --tls-self-signed.`
  return undefined
}

/** Front End Servers and Persistent Chat Servers share a store, and hear of each other by NATS: the processes of one machine are not all. */
function findApartFault({ role, databaseUrl, natsUrl, complianceDatabaseUrl, fileStore }: StartOptions) {
  if (role !== 'front-end' && role !== 'persistent-chat') return undefined
  if (databaseUrl === undefined)
    return `--role ${role} is one part of a pool, whose parts share one store. Add --database-url <url>.`
  if (natsUrl === undefined)
    return `--role ${role} is one part of a pool, whose parts hear of each other by NATS. Add --nats-url <url>.`
  if (role === 'front-end' && complianceDatabaseUrl !== undefined)
    return '--role front-end has no compliance service. Leave out --compliance-database-url; Persistent Chat Servers or --role compliance take it.'
  if (role === 'front-end' && fileStore === undefined)
    return '--role front-end takes files for all servers of the pool, not into its own data folder. Add --file-store <place>, the same on all Front End Servers.'
  return undefined
}

/** The service alone is of a pool: one machine with its own database has it inside. */
function findComplianceFault({ databaseUrl, complianceDatabaseUrl }: StartOptions): string | undefined {
  if (databaseUrl === undefined)
    return "--role compliance takes events from a pool's store. Add --database-url <url>; a server with its own database has the service inside."
  if (complianceDatabaseUrl === undefined)
    return '--role compliance needs the archive. Add --compliance-database-url <url>, best on another server than the store.'
  return undefined
}

/** Cookies know no ports, and a page that came encrypted shows no picture that did not. */
function findDownloadFault(downloadUrl: string, options: StartOptions): string | undefined {
  const { url, pagesUrl, host, tlsCert, tlsSelfSigned } = options
  if (pagesUrl !== undefined && isOneHost(downloadUrl, pagesUrl))
    return '--download-url names the host of --pages-url. Give it a name of its own, such as https://files.example.net.'
  if (isOneHost(downloadUrl, url ?? `http://${host.includes(':') ? `[${host}]` : host}`))
    return '--download-url names the host that people sign in at. Give it a name of its own, such as https://files.example.net.'
  const isEncrypted = url === undefined ? tlsSelfSigned || tlsCert !== undefined : url.startsWith('https:')
  if (isEncrypted && !downloadUrl.startsWith('https:'))
    return '--download-url is not encrypted, and the server is. Give an address that begins with https.'
  return undefined
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
