import type { Database } from './connection-schema.ts'
import type { ChatPool } from './schema.ts'
import type { ServerSettings } from './settings.ts'

/** A setting that holds an address into which a password belongs, and where that stands: env:NAME or file:/path. */
export type SecretPlace = { setting: keyof ServerSettings; reference: string }
type Address = { url: string; secrets: SecretPlace[] }

export function storeUrl({ store }: ChatPool): Address | undefined {
  return databaseUrl('databaseUrl', store)
}

export function backupUrl({ backupStore }: ChatPool): Address | undefined {
  return databaseUrl('backupDatabaseUrl', backupStore)
}

export function complianceUrl({ compliance }: ChatPool): Address | undefined {
  return databaseUrl('complianceDatabaseUrl', compliance.store)
}

/** Each server of NATS with the name of who signs in; the first one's credentials count for all. */
export function natsUrl({ nats }: ChatPool): Address | undefined {
  if (!nats) return undefined
  const { servers, tls, user, password } = nats
  const who = user === undefined ? '' : `${encodeURIComponent(user)}@`
  const url = servers.map(one => `${tls ? 'tls' : 'nats'}://${who}${authority(one)}`).join(',')
  return { url, secrets: secretOf('natsUrl', password) }
}

function databaseUrl(setting: keyof ServerSettings, database: Database | undefined): Address | undefined {
  if (!database) return undefined
  const { hosts, user, database: name, tls, caFile, password } = database
  const query = tls
    ? `?sslmode=verify-full${caFile === undefined ? '' : `&sslrootcert=${encodeURIComponent(caFile)}`}`
    : ''
  const url = `postgres://${encodeURIComponent(user)}@${hosts.map(authority).join(',')}/${encodeURIComponent(name)}${query}`
  return { url, secrets: secretOf(setting, password) }
}

function secretOf(setting: keyof ServerSettings, reference: string | undefined): SecretPlace[] {
  return reference === undefined ? [] : [{ setting, reference }]
}

function authority({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * The settings with their passwords in place. `read` answers what stands behind a reference; only the machine that starts the server
 * has it, and what comes back is a secret as a whole.
 */
export function fillSecrets(
  settings: ServerSettings,
  secrets: SecretPlace[],
  read: (reference: string) => string,
): ServerSettings {
  const filled: Record<string, unknown> = { ...settings }
  for (const { setting, reference } of secrets) {
    const password = encodeURIComponent(read(reference))
    // Behind the first name that signs in; without one NATS takes the secret as a token.
    filled[setting] = String(filled[setting]).replace(/^(\w+:\/\/)(?:([^@/,]*)@)?/, (_, scheme, user) =>
      user === undefined ? `${scheme}${password}@` : `${scheme}${user}:${password}@`,
    )
  }
  return filled
}
