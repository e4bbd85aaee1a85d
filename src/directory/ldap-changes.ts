import { type Filter, PresenceFilter } from 'ldapts'
import type { LdapConnection } from './ldap-connection.ts'
import { foldDn, isBelow } from './ldap-dn.ts'
import type { LdapEntry } from './ldap-entry.ts'
import { type Taking, takenKinds } from './ldap-taking.ts'
import type { SourceBatch } from './source.ts'

export type Seen = { kind: (typeof takenKinds)[number]; entry: LdapEntry }

/** Everything that is taken. */
export async function* everything(
  taking: Taking,
  connection: LdapConnection,
  base: string,
  options: { more?: string[]; seen?(seen: Seen): void } = {},
): AsyncGenerator<SourceBatch> {
  yield { objects: [await taking.domain(connection)], gone: [] }
  for (const kind of takenKinds) {
    const seen = (entry: LdapEntry) => options.seen?.({ kind, entry })
    for await (const objects of taking.objects(connection, kind, base, { more: options.more ?? [], seen }))
      yield { objects, gone: [] }
  }
}

export type Changes = {
  /** Matches what changed. */
  when: Filter
  /** As configured: where what is taken lies. */
  base: string
  /** Where changes are looked for: the base, or more, to see what was moved out of it. */
  root: string
  /** Attributes that the functions below look at. */
  more: string[]
  /** Is shown each changed entry, taken or not. */
  changed?(entry: LdapEntry): void
  /** Whether others may lie below it that changed their names with it. */
  isBranch(entry: LdapEntry): boolean
  /** Is shown each changed entry that is taken. */
  seen?(seen: Seen): void
}

/**
 * What changed: first the ids of all that did, taken or not; then what is taken of them; what is left was taken once, perhaps, and
 * is not any more. In this order nothing that changes meanwhile passes for gone. Below a unit that changed everything is read, since
 * a new name of it is one of each, which leaves no trace on them.
 */
export async function* changes(taking: Taking, connection: LdapConnection, how: Changes): AsyncGenerator<SourceBatch> {
  const { dialect } = taking
  const left = new Set<string>()
  const branches: { dn: string; folded: string }[] = []
  const wanted = { filter: how.when, attributes: [dialect.idAttribute, 'objectClass', ...how.more] }
  for await (const page of connection.pages(how.root, wanted)) {
    for (const entry of page) {
      how.changed?.(entry)
      const id = dialect.idOf(entry)
      if (id !== undefined) left.add(id)
      const folded = foldDn(entry.dn)
      if (folded !== undefined && how.isBranch(entry) && folded !== taking.base && !isBelow(taking.base, folded))
        branches.push({ dn: entry.dn, folded })
    }
  }
  const domain = await taking.domain(connection)
  if (left.delete(domain.id)) yield { objects: [domain], gone: [] }
  for (const kind of takenKinds) {
    const seen = (entry: LdapEntry) => how.seen?.({ kind, entry })
    for await (const objects of taking.objects(connection, kind, how.base, { when: how.when, more: how.more, seen })) {
      for (const { id } of objects) left.delete(id)
      yield { objects, gone: [] }
    }
  }
  const outermost = branches.filter(branch => !branches.some(other => isBelow(branch.folded, other.folded)))
  for (const { dn, folded } of outermost) {
    if (isBelow(folded, taking.base)) {
      for (const kind of takenKinds)
        for await (const objects of taking.objects(connection, kind, dn)) {
          for (const { id } of objects) left.delete(id)
          yield { objects, gone: [] }
        }
    } else yield* goneBelow(taking, connection, dn)
  }
  const gone = [...left]
  for (let at = 0; at < gone.length; at += 1_000) yield { objects: [], gone: gone.slice(at, at + 1_000) }
}

/** Moved out of the base, with a unit that was. */
async function* goneBelow(taking: Taking, connection: LdapConnection, dn: string): AsyncGenerator<SourceBatch> {
  const { idAttribute, idOf } = taking.dialect
  const filter = new PresenceFilter({ attribute: 'objectClass' })
  for await (const page of connection.pages(dn, { filter, attributes: [idAttribute] }))
    yield { objects: [], gone: page.flatMap(entry => idOf(entry) ?? []) }
}
