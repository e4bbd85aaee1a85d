import { readFile } from 'node:fs/promises'
import type { Log } from '../base/log.ts'
import type { SyncedSource } from '../chat/synced-source.ts'
import { type DirectoryConfig, readDirectoryConfig } from '../directory/config.ts'
import type { LdapSource } from '../directory/ldap-config.ts'
import type { DirectorySource } from '../directory/source.ts'

export type OpenSource = (config: LdapSource) => DirectorySource

const everySeconds = 60
const fullEveryMinutes = 1_440
const maxDisabledShare = 0.05

/** The file of --directory-config. Throws with all its faults, each with its place. */
export async function loadDirectoryConfig(file: string): Promise<DirectoryConfig> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--directory-config ${file} cannot be read (${error.code}). Check the path and its rights.`)
  })
  const config = readDirectoryConfig(text)
  if ('faults' in config)
    throw new Error(
      `--directory-config ${file} is not usable. Mend this, then start again:\n${config.faults.map(fault => `  ${fault}`).join('\n')}`,
    )
  return config
}

/** The sources that are read, by name. What speaks LDAP is loaded only where there are any; `log` is told whom a reading leaves out. */
export async function openSources(
  config: DirectoryConfig,
  log?: Log,
  open?: OpenSource,
): Promise<Map<string, SyncedSource>> {
  const { ldap = [] } = config
  if (ldap.length === 0) return new Map()
  const openOne = open ?? (await openLogged(log))
  return new Map(
    ldap.map((each): [string, SyncedSource] => [
      each.name,
      {
        directory: openOne(each),
        administrators: each.administrators,
        everySeconds: each.everySeconds ?? everySeconds,
        fullEveryMinutes: each.fullEveryMinutes ?? fullEveryMinutes,
        maxDisabledShare: each.maxDisabledShare ?? maxDisabledShare,
      },
    ]),
  )
}

async function openLogged(log: Log | undefined): Promise<OpenSource> {
  const { openLdapSource } = await import('../directory/ldap-source.ts')
  return config =>
    openLdapSource(config, {
      onLeftOut: (dn, reason) => log?.info({ source: config.name, dn, reason }, 'left out of the directory'),
    })
}

export async function closeSources(sources: Map<string, SyncedSource>): Promise<void> {
  await Promise.allSettled([...sources.values()].map(source => source.directory.close()))
}
