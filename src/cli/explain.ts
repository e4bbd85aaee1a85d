import { certificateWords } from '../base/certificate-fault.ts'
import { splitHosts } from '../store/address.ts'
import type { StartOptions } from './options.ts'

type Fault = { code?: unknown; cause?: unknown; syscall?: unknown; message?: unknown; path?: unknown }

/** Why the server did not start, and what to do, in a sentence for whoever started it. */
export function explain(error: unknown, options: StartOptions): string {
  const fault = (error ?? {}) as Fault
  const message = String(fault.message || fault.code || error)
  if (fault.syscall === 'listen' || fault.syscall === 'bind') return explainListen(fault, options) ?? message
  if (fault.code === 'ENOSPC' || fault.code === '53100' || /No space left on device/.test(message))
    return `The disk of ${options.databaseUrl ? 'the database' : options.dataDir} is full. Free space there, then start again.`
  if (typeof fault.path === 'string' && /^(EACCES|EPERM|EROFS)$/.test(String(fault.code)))
    return `${fault.path} is not writable for this user (${fault.code}). Change its owner, or choose another folder with --data-dir.`
  if (fault.code === 'ENOTDIR' || fault.code === 'EEXIST')
    return `--data-dir ${options.dataDir} is not a folder. Choose another with --data-dir.`
  return (options.databaseUrl && explainDatabase(fault, message, options.databaseUrl)) || message
}

function explainListen({ code }: Fault, { host, role, healthPort, port: own }: StartOptions): string | undefined {
  const [port, name] =
    role === 'compliance' && healthPort !== undefined ? [healthPort, '--health-port'] : [own, '--port']
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${host} is taken by another program. Stop that one, or choose another port, such as ${name} ${port + 1}.`
  if (code === 'EACCES') return `Port ${port} needs the rights of root. Choose one above 1023, such as ${name} 8080.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `--host ${host} is no address of this machine. Choose one that it has, such as --host localhost.`
  return undefined
}

/** The driver trusts the system's authorities, or those of the file that the address names. */
export const certificateMend =
  'Mend that certificate, or name the file of its authority: caFile in the topology, sslrootcert= in an address.'

function explainDatabase({ code, cause }: Fault, message: string, databaseUrl: string): string | undefined {
  const hosts = splitHosts(databaseUrl) ?? []
  const { pathname } = new URL(hosts[0]!.connectionString)
  const where = `The database ${pathname.slice(1)} on ${hosts.map(host => host.name).join(', ')} (--database-url)`
  if (/^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|ENOENT)/.test(String(code)) || /timeout/.test(message))
    return `${where} is out of reach: ${message}`
  const shown = certificateWords(code)
  if (shown) return `${where} ${shown}. ${certificateMend}`
  // Of several hosts none is a primary that its stand-by confirms: each says why.
  if (code === 'unavailable' && cause instanceof Error) return `${where} has no primary: ${cause.message}`
  if (/^(28|3D|42501|53300|57P03)/.test(String(code))) return `${where} refuses: ${message}`
  return undefined
}
