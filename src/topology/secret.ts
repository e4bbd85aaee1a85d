import type { ServerSettings } from './settings.ts'

/** Settings that are addresses into which a password belongs, and the variable that says where it stands: env:NAME or file:/path. */
export const secretVariables = {
  databaseUrl: 'PCHAT_DATABASE_SECRET',
  backupDatabaseUrl: 'PCHAT_BACKUP_DATABASE_SECRET',
  complianceDatabaseUrl: 'PCHAT_COMPLIANCE_DATABASE_SECRET',
  natsUrl: 'PCHAT_NATS_SECRET',
  cms: 'PCHAT_CMS_SECRET',
  topology: 'PCHAT_TOPOLOGY_SECRET',
} as const satisfies Partial<Record<keyof ServerSettings, string>>

export type SecretSetting = keyof typeof secretVariables

export function isSecretSetting(setting: string): setting is SecretSetting {
  return Object.hasOwn(secretVariables, setting)
}
