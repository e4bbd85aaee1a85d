import { resolve } from 'node:path'
import { fillSecrets } from '../topology/connection.ts'
import type { ProcessPlan } from '../topology/plan.ts'
import type { ServerSettings } from '../topology/settings.ts'
import type { StartOptions } from './options.ts'

type Name = keyof ServerSettings
/** All of them: what the topology leaves out, and somebody named, is not as the topology says either. */
const all: Record<Exclude<Name, 'server' | 'cms' | 'topology'>, true> = {
  ...{ role: true, port: true, host: true, dataDir: true, databaseUrl: true, backupDatabaseUrl: true },
  ...{ complianceDatabaseUrl: true, complianceKeyFile: true, complianceAnchors: true, complianceOutput: true },
  ...{ natsUrl: true, pool: true, site: true, url: true, domain: true, passkeyDomain: true, factorKeyFile: true },
  ...{ handOverKeyFile: true, pagesUrl: true, trustedProxies: true },
  ...{ directoryConfig: true, workers: true, fileStore: true, fileKeyFile: true, clamd: true, scannerAway: true },
  ...{ downloadUrl: true, tlsCert: true, tlsKey: true, tlsSelfSigned: true, logLevel: true },
}
/** One certificate: of two halves neither fits the other. */
const certificate: Name[] = ['tlsCert', 'tlsKey', 'tlsSelfSigned']

/** What was said at the start, and what is usual where nobody says anything. */
export type Start = {
  options: StartOptions
  isNamed(name: Name): boolean
  usual(name: Name): unknown
  /** Folder in which systemd hands the service its keys, where it does. */
  credentials?: string | undefined
}

/**
 * What was named at the start, then what the topology says, then what is usual; and the names of those that are not as the topology
 * says. `read` answers the secret behind a reference, and is asked only for what is used.
 */
export function mergeSettings(
  { settings, secrets }: Pick<ProcessPlan, 'settings' | 'secrets'>,
  { options, isNamed, usual, credentials }: Start,
  read: (reference: string) => string,
): { options: StartOptions; overridden: string[] } {
  const named: Partial<ServerSettings> = options
  // The file that its unit names is another one's copy, and the unit is of the topology.
  const isHanded = (value: unknown) =>
    credentials !== undefined && typeof value === 'string' && value.startsWith(`${credentials}/`)
  const overridden = (Object.keys(all) as Name[]).filter(
    name => isNamed(name) && !isHanded(named[name]) && !isSame(name, named[name], settings[name] ?? usual(name)),
  )
  const hasCertificate = certificate.some(isNamed)
  const isTaken = (name: Name) => !isNamed(name) && !(hasCertificate && certificate.includes(name))
  const taken = Object.fromEntries(Object.entries(settings).filter(([name]) => isTaken(name as Name)))
  const needed = secrets.filter(({ setting }) => isTaken(setting))
  return { options: { ...options, ...fillSecrets(taken, needed, read) } as StartOptions, overridden }
}

function isSame(name: Name, one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return one === other
  if (name === 'dataDir') return resolve(one) === resolve(other)
  return withoutPasswords(one) === withoutPasswords(other)
}

/** The topology has none in its addresses. */
function withoutPasswords(text: string): string {
  return text.replaceAll(/(\w+:\/\/[^:@/,]*):[^@/,]*@/g, '$1@')
}
