import { createHash } from 'node:crypto'
import { openGate } from '../base/gate.ts'
import { activeDirectory, readActiveDirectory } from './ldap-active-directory.ts'
import type { LdapSource } from './ldap-config.ts'
import {
  connectAsReader,
  connectTo,
  isEmptyPassword,
  type LdapConnection,
  type Patience,
  patienceOf,
} from './ldap-connection.ts'
import { openLdap, readOpenLdap } from './ldap-openldap.ts'
import { isThisMachine, placeOf } from './ldap-socket.ts'
import { type LeftOut, openTaking } from './ldap-taking.ts'
import { type DirectorySource, SourceAway, type SourceBatch, type SourceReading } from './source.ts'

export type LdapOptions = {
  /** Is told of each object that is not taken although the filters name it, with a sentence that says why. */
  onLeftOut?: LeftOut
  patience?: Partial<Patience>
}

/** Each sign-in is a connection of its own. */
const signInsAtOnce = 16
const maxSignInsWaiting = 500
/** What stands between may have forgotten a connection that was silent for longer. */
const maxIdleMs = 60_000

/** An LDAP directory or Active Directory that people come from. Throws a sentence where the configuration cannot be meant; asks nothing yet. */
export function openLdapSource(source: LdapSource, options: LdapOptions = {}): DirectorySource {
  refuseClearText(source)
  const patience = { ...patienceOf(source), ...options.patience }
  const leftOut = options.onLeftOut ?? (() => {})
  const openActiveDirectory = (usedAsPrimary?: (rid: number) => boolean) =>
    openTaking(source, activeDirectory(usedAsPrimary), leftOut)
  const taking = source.kind === 'openldap' ? openTaking(source, openLdap, leftOut) : openActiveDirectory()
  const of = fingerprint(source)
  const open = new Set<LdapConnection>()
  const gate = openGate(signInsAtOnce)
  /** The connection that is kept for single questions, and when it was asked last. */
  let lookups: { opening: Promise<LdapConnection>; usedMs: number } | undefined
  /** The server that answered last. */
  let last: string | undefined
  let closed = false

  async function connect(make = connectAsReader, patient = patience): Promise<LdapConnection> {
    if (closed) throw new SourceAway(`The directory ${source.name} is closed.`)
    const connection = await make(source, patient, last)
    last = connection.url
    open.add(connection)
    if (closed) release(connection)
    return connection
  }

  function release(connection: LdapConnection) {
    open.delete(connection)
    connection.close()
  }

  /** Asks over a connection that is kept; once more where that one turns out to be dead. */
  async function lookUp<T>(work: (connection: LdapConnection) => Promise<T>): Promise<T> {
    const kept = lookups
    if (kept && performance.now() - kept.usedMs < maxIdleMs) {
      kept.usedMs = performance.now()
      const connection = await kept.opening
      try {
        if (connection.isOpen()) return await work(connection)
      } catch (error) {
        if (connection.isOpen()) throw error
      }
    }
    return work(await openLookups(kept))
  }

  /** Opens another one in the place of `old`, unless somebody else did. */
  function openLookups(old: typeof lookups): Promise<LdapConnection> {
    if (lookups && lookups !== old) return lookups.opening
    old?.opening.then(release, () => {})
    const opening = connect(connectAsReader, { ...patience, answerMs: patience.signInMs })
    const made = { opening, usedMs: performance.now() }
    lookups = made
    opening.catch(() => {
      if (lookups === made) lookups = undefined
    })
    return opening
  }

  /** A connection for one reading, ended by the signal. */
  async function connectFor(signal: AbortSignal | undefined) {
    signal?.throwIfAborted()
    const connection = await connect()
    const abort = () => connection.end(new Error('The reading was ended.'))
    signal?.addEventListener('abort', abort, { once: true })
    const done = () => {
      signal?.removeEventListener('abort', abort)
      release(connection)
    }
    if (signal?.aborted) {
      done()
      signal.throwIfAborted()
    }
    return { connection, done }
  }

  async function* guarded<T>(batches: AsyncIterable<T>, done: () => void, signal: AbortSignal | undefined) {
    try {
      for await (const batch of batches) {
        signal?.throwIfAborted()
        yield batch
        signal?.throwIfAborted()
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      done()
    }
  }

  return {
    name: source.name,
    async read(cookie, signal) {
      const { connection, done } = await connectFor(signal)
      try {
        const reading = await (source.kind === 'openldap'
          ? readOpenLdap(taking, source, connection, cookie, of)
          : readActiveDirectory(openActiveDirectory, source, connection, cookie, of))
        return finished(reading, batches => guarded(batches, done, signal))
      } catch (error) {
        done()
        signal?.throwIfAborted()
        throw error
      }
    },
    async *ids(signal) {
      const { connection, done } = await connectFor(signal)
      yield* guarded(taking.ids(connection), done, signal)
    },
    readOne: id => lookUp(connection => taking.one(connection, id)),
    async authenticate(id, password) {
      if (isEmptyPassword(password)) return false
      if (!(await gate.enter(patience.signInMs, maxSignInsWaiting)))
        throw new SourceAway(`Too many sign-ins wait for the directory ${source.name}. Try again later.`)
      try {
        const dn = await lookUp(connection => taking.signInDn(connection, id))
        if (dn === undefined) return false
        const connection = await connect(connectTo)
        try {
          return await connection.bind(dn, password)
        } finally {
          release(connection)
        }
      } finally {
        gate.leave()
      }
    },
    async check() {
      const { connection, done } = await connectFor(undefined)
      try {
        await taking.domain(connection)
      } finally {
        done()
      }
    },
    async close() {
      closed = true
      for (const connection of [...open]) {
        open.delete(connection)
        connection.end(new SourceAway(`The directory ${source.name} is closed.`))
      }
    },
  }
}

/** The reading, whose cookie is worth something only behind its last batch. */
function finished(
  reading: SourceReading,
  guard: (batches: AsyncIterable<SourceBatch>) => AsyncIterable<SourceBatch>,
): SourceReading {
  let complete = false
  async function* toTheEnd() {
    yield* guard(reading.batches)
    complete = true
  }
  return {
    ...reading,
    batches: toTheEnd(),
    cookie() {
      if (!complete) throw new Error('The cookie of a reading was asked for before its last batch.')
      return reading.cookie()
    },
  }
}

/** Where what is taken, and as what, is configured anew, the old cookie says nothing about what was passed over. */
function fingerprint(source: LdapSource): string {
  const { kind, base, domain, userFilter, groupFilter, unitFilter, disabledFilter, attributes } = source
  const said = [kind, base, domain, userFilter, groupFilter, unitFilter, disabledFilter, attributes]
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url').slice(0, 16)
}

function refuseClearText(source: LdapSource): void {
  for (const url of source.urls) {
    const { secure, host } = placeOf(url)
    if (!secure && source.startTls === false && !isThisMachine(host))
      throw new Error(
        `${url} of the directory ${source.name} would carry passwords in clear text. Use ldaps://, or leave startTls on.`,
      )
  }
}
