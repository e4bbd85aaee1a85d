export type OneStore = { host: string; user: string; database: string }
/**
 * Where the store is. A connection string may name several hosts with commas (`postgres://user@db1:5432,db2/pchat`): the
 * primary and its synchronous stand-by, either of which may be the one or the other. `backup` names hosts of another site that
 * are used only while the pool's state is `failed-over`.
 */
export type StoreAddress = { connectionString: string; backup?: string | undefined } | OneStore

/** One host of the store as the driver takes it. */
export type StoreHost = {
  /** host:port, for messages: without user and password. */
  name: string
  connectionString: string
  backup: boolean
}

const authority = /^(postgres(?:ql)?:\/\/)((?:[^/?#]*@)?)([^/?#]*)(.*)$/s

/** The hosts of a connection string, in order; undefined where it is none. */
export function splitHosts(connectionString: string, backup = false): StoreHost[] | undefined {
  const parts = authority.exec(connectionString)
  if (!parts) return undefined
  const [, scheme = '', user = '', hosts = '', rest = ''] = parts
  const split = hosts.split(',').map(host => ({
    name: /:\d+$/.test(host) ? host : `${host}:5432`,
    connectionString: `${scheme}${user}${host}${rest}`,
    backup,
  }))
  const whole = split.every(
    one => URL.canParse(one.connectionString) && (split.length === 1 || !one.name.startsWith(':')),
  )
  return whole ? split : undefined
}

/** All hosts of an address; undefined where it names one place only, or a socket. */
export function hostsOf(address: StoreAddress): StoreHost[] | undefined {
  if (!('connectionString' in address)) return undefined
  const hosts = splitHosts(address.connectionString) ?? []
  const backup = address.backup === undefined ? [] : (splitHosts(address.backup, true) ?? [])
  return hosts.length + backup.length > 1 ? [...hosts, ...backup] : undefined
}

/** For a sentence that many may read. */
export function withoutPassword(address: string): string {
  return address
    .replace(/^(\w+:\/\/[^:@/]*):[^/?#]*@/, '$1@')
    .replace(/(?<=[?&])password=[^&#]*&?/g, '')
    .replace(/[?&]$/, '')
}
