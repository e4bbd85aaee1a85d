import type { Database } from './connection-schema.ts'
import type { ChatPool } from './schema.ts'
import { isSecretSetting, secretVariables } from './secret.ts'
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
 * has it, and what comes back is a secret as a whole. Throws for an address with no place for one: the password would become a name, or
 * a part of another password.
 */
export function fillSecrets(
  settings: ServerSettings,
  secrets: SecretPlace[],
  read: (reference: string) => string,
): ServerSettings {
  const filled: Record<string, unknown> = { ...settings }
  for (const { setting, reference } of secrets) {
    const address = String(filled[setting])
    const user = firstUser.exec(address)?.[2]
    // Without a name NATS takes the secret as a token; a database has no such thing.
    if (user?.includes(':') || (!user && setting !== 'natsUrl')) throw new Error(noPlace(setting))
    const password = encodeURIComponent(read(reference))
    filled[setting] = address.replace(firstUser, (_, scheme) =>
      user ? `${scheme}${user}:${password}@` : `${scheme}${password}@`,
    )
  }
  return filled
}

/** The first name that signs in. */
const firstUser = /^(\w+:\/\/)(?:([^@/?,]*)@)?/

/** Without the address: a password may stand in it. */
function noPlace(setting: string): string {
  const whose = isSecretSetting(setting) ? secretVariables[setting] : setting
  const form = setting === 'natsUrl' ? 'nats://user@host:4222' : 'postgres://user@host:5432/database'
  return `The address that the password of ${whose} belongs into is to name a user and no password. Write it as ${form}.`
}
