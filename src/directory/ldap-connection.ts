import { readFile } from 'node:fs/promises'
import { BindRequest, type Control, type Filter, PagedResultsControl, SearchRequest } from 'ldapts'
import type { LdapSource } from './ldap-config.ts'
import { type LdapEntry, readEntry } from './ldap-entry.ts'
import { openSocket } from './ldap-socket.ts'
import type { Answer, Wire } from './ldap-wire.ts'
import { readSecret } from './secret.ts'
import { SourceAway } from './source.ts'

/** A connection to one server of a source; all of its failures are SourceAway. It is not opened anew: who needs another makes one. */
export type LdapConnection = {
  url: string
  /** True where name and password are right. Other answers than yes and no are thrown. */
  bind(dn: string, password: string): Promise<boolean>
  /** The entries below `base`, page by page. */
  pages(base: string, search: Search): AsyncGenerator<LdapEntry[]>
  /** All of a few entries below `base`, which may be asked for between two pages. */
  few(base: string, search: Search): Promise<LdapEntry[]>
  /** One entry by its name; undefined where it is not there or may not be seen. */
  entry(dn: string, search: Search): Promise<LdapEntry | undefined>
  isOpen(): boolean
  close(): void
  end(reason: Error): void
}

export type Search = { filter: Filter; attributes: string[]; pageSize?: number; controls?: Control[] }

/** For tests: shorter ones. */
export type Patience = { connectMs: number; answerMs: number; signInMs: number }

export function patienceOf(source: LdapSource): Patience {
  const answerMs = (source.timeoutSeconds ?? 30) * 1_000
  return { connectMs: 5_000, answerMs, signInMs: Math.min(answerMs, 10_000) }
}

const defaultPageSize = 500
/** Servers that are short of time may answer with empty pages and more to come; not with this many. */
const maxEmptyPages = 1_000
const success = 0
const noSuchObject = 32
/** Wrong password, and what servers say of accounts that may not sign in: no account by that, but an answer. */
const refusedBinds = new Set([19, 32, 48, 49, 50, 53])

/** Connects to the first of the source's servers that answers, beginning with the given one. */
export async function connectTo(
  source: LdapSource,
  patience: Patience,
  first = source.urls[0]!,
): Promise<LdapConnection> {
  const ca = source.ca === undefined ? undefined : await readAuthorities(source.name, source.ca)
  const startTls = source.startTls ?? true
  const from = Math.max(0, source.urls.indexOf(first))
  const faults: string[] = []
  for (const url of [...source.urls.slice(from), ...source.urls.slice(0, from)]) {
    try {
      const wire = await openSocket(url, { startTls, ca, patienceMs: patience.connectMs })
      return over(wire, source.name, url, patience)
    } catch (error) {
      faults.push(`${url} ${(error as Error).message}`)
    }
  }
  throw new SourceAway(`The directory ${source.name} cannot be asked: ${faults.join('; ')}.`)
}

/** The same, bound as the account that reads. */
export async function connectAsReader(source: LdapSource, patience: Patience, first?: string): Promise<LdapConnection> {
  const password = await readSecret(source.bindPassword).catch((error: Error) => {
    throw new SourceAway(`The directory ${source.name} cannot be asked, its password is missing: ${error.message}`)
  })
  const connection = await connectTo(source, patience, first)
  try {
    if (await connection.bind(source.bindDn, password)) return connection
    throw new SourceAway(
      `The directory ${source.name} at ${connection.url} refuses ${source.bindDn}. Mend bindDn or bindPassword.`,
    )
  } catch (error) {
    connection.close()
    throw error
  }
}

function over(wire: Wire, name: string, url: string, patience: Patience): LdapConnection {
  const away = (fault: string) => new SourceAway(`The directory ${name} at ${url} ${fault}.`)

  async function ask(make: Parameters<Wire['ask']>[0], patienceMs: number): Promise<Answer> {
    try {
      return await wire.ask(make, patienceMs)
    } catch (error) {
      throw away(`broke off: ${(error as Error).message.replace(/\.$/, '')}`)
    }
  }

  async function search(base: string, scope: 'base' | 'sub', { filter, attributes, controls }: Search) {
    const answer = await ask(
      messageId =>
        new SearchRequest({
          messageId,
          baseDN: base,
          scope,
          filter,
          attributes,
          timeLimit: Math.ceil(patience.answerMs / 1_000),
          ...(controls ? { controls } : {}),
        }),
      patience.answerMs,
    )
    return { result: answer.result, entries: answer.entries.map(readEntry) }
  }

  return {
    url,
    async bind(dn, password) {
      // Without a password servers take it for a bind of nobody, and say yes.
      if (dn === '' || isEmptyPassword(password)) return false
      const { result } = await ask(messageId => new BindRequest({ messageId, dn, password }), patience.signInMs)
      if (result.status === success) return true
      if (refusedBinds.has(result.status)) return false
      throw away(faultOf(result.status, result.errorMessage))
    },
    async *pages(base, { pageSize: size = defaultPageSize, controls = [], ...rest }) {
      let cookie: Buffer | undefined
      let empty = 0
      do {
        const paged = new PagedResultsControl({ value: cookie ? { size, cookie } : { size } })
        const { result, entries } = await search(base, 'sub', { ...rest, controls: [...controls, paged] })
        if (result.status !== success) throw away(faultOf(result.status, result.errorMessage, base))
        yield entries
        empty = entries.length === 0 ? empty + 1 : 0
        if (empty > maxEmptyPages) throw away('goes on with empty pages for ever')
        // More may come after a page with nothing in it.
        cookie = result.controls?.find(control => control instanceof PagedResultsControl)?.value?.cookie
      } while (cookie !== undefined && cookie.length > 0)
    },
    async few(base, wanted) {
      const { result, entries } = await search(base, 'sub', wanted)
      if (result.status !== success) throw away(faultOf(result.status, result.errorMessage, base))
      return entries
    },
    async entry(dn, wanted) {
      const { result, entries } = await search(dn, 'base', wanted)
      if (result.status === noSuchObject) return undefined
      if (result.status !== success) throw away(faultOf(result.status, result.errorMessage, dn))
      return entries[0]
    },
    isOpen: wire.isOpen,
    close: wire.close,
    end: wire.end,
  }
}

/** Also one that a server written in C takes for empty. */
export function isEmptyPassword(password: string): boolean {
  return password === '' || password.includes('\0')
}

function faultOf(status: number, message: string, base?: string): string {
  const said = message === '' ? `result ${status}` : `result ${status}: ${message.replaceAll('\0', '').trim()}`
  if (status === 3 || status === 4 || status === 11)
    return `answers only a part (${said}). Raise the limits of the reading account`
  if (status === 8 || status === 13) return `wants a connection with TLS (${said}). Use ldaps:// or startTls`
  if (status === 10) return `refers to another server (${said}), which is not followed. Name that one in urls`
  if (status === 32) return `has no ${base} that the reading account may see (${said}). Mend base`
  if (status === 51 || status === 52) return `is busy (${said})`
  return `refuses (${said})`
}

function readAuthorities(name: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SourceAway(
      `The directory ${name} cannot be asked: the file ${file} of ca cannot be read (${error.code}).`,
    )
  })
}
