/** What a server is started with, by the names of the options of `pchat start`; the command line checks that they are these. */
export type ServerSettings = {
  role?: 'all' | 'front-end' | 'persistent-chat' | 'compliance' | undefined
  port?: number | undefined
  host?: string | undefined
  dataDir?: string | undefined
  databaseUrl?: string | undefined
  backupDatabaseUrl?: string | undefined
  complianceDatabaseUrl?: string | undefined
  complianceKeyFile?: string | undefined
  complianceAnchors?: string | undefined
  complianceOutput?: string | undefined
  natsUrl?: string | undefined
  /** Of no topology: where one is published to. */
  cms?: string | undefined
  /** Nor this one: where a server reads the rest. */
  topology?: string | undefined
  pool?: string | undefined
  server?: string | undefined
  site?: string | undefined
  url?: string | undefined
  pagesUrl?: string | undefined
  trustedProxies?: string | undefined
  domain?: string | undefined
  passkeyDomain?: string | undefined
  factorKeyFile?: string | undefined
  handOverKeyFile?: string | undefined
  directoryConfig?: string | undefined
  workers?: number | undefined
  fileStore?: string | undefined
  fileKeyFile?: string | undefined
  clamd?: string | undefined
  scannerAway?: 'closed' | 'open' | undefined
  downloadUrl?: string | undefined
  tlsCert?: string | undefined
  tlsKey?: string | undefined
  tlsSelfSigned?: boolean | undefined
  logLevel?: string | undefined
}
