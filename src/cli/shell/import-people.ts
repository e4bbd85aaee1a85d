import { randomUUID } from 'node:crypto'
import { addPrincipal } from '../../chat/principal.ts'
import { nameKey } from '../../domain/name.ts'
import { operator } from '../../domain/operator.ts'
import { Refusal } from '../../protocol/error.ts'
import { changeGroup, lockDirectory, reflattenUnits } from '../../store/affiliation.ts'
import { findGroup, type KnownPrincipal, knownPrincipals } from '../../store/archive-write.ts'
import { audit } from '../../store/audit.ts'
import { type Connection, type Queryable, transaction } from '../../store/db.ts'
import { changePrincipal } from '../../store/principal.ts'
import { raiseDirectory } from '../../store/stamp.ts'
import { fault, type Importing, type ListRecord, mapped, note, type PrincipalRecord } from './import-run.ts'

const batch = 200

/** People are matched by name. Passwords, sign-ins and roles of administration are in no archive. */
export async function importPeople(run: Importing): Promise<void> {
  let waiting: PrincipalRecord[] = []
  const flush = async () => {
    if (waiting.length > 0) await takePrincipals(run, waiting)
    waiting = []
  }
  for await (const one of run.archive.records<PrincipalRecord | ListRecord>('users.jsonl')) {
    if (one.record === 'principal') {
      waiting.push(one)
      if (waiting.length >= batch) await flush()
      continue
    }
    await flush()
    await takeMembers(run, one)
  }
  await flush()
}

async function takePrincipals(run: Importing, people: PrincipalRecord[]): Promise<void> {
  const known = await knownPrincipals(
    run.db,
    people.map(one => nameKey(one.name)),
  )
  for (const one of people) {
    if (one.kind === 'group') run.groups.set(one.id, one.name)
    const found = known.get(nameKey(one.name))
    if (found && found.kind !== one.kind) fault(run, `${one.kind} ${one.name}`, `The name is of a ${found.kind} here.`)
    // Whoever is not here yet is no author or member of anything here, whatever has his id.
    else run.principals.set(one.id, found?.id ?? randomUUID())
  }
  const fresh = people.filter(one => !known.has(nameKey(one.name)))
  const changed = people.flatMap(one => {
    const found = known.get(nameKey(one.name))
    const isOurs = found && found.kind === one.kind && found.source === ''
    return isOurs && differences(run, one, found) ? [{ one, found }] : []
  })
  run.done.principals.added += fresh.length
  run.done.principals.changed += changed.length
  run.done.principals.there += people.length - fresh.length - changed.length
  for (const one of fresh)
    note(run, { what: `${one.kind} ${one.name}`, change: 'create', now: '', after: one.displayName })
  for (const { one, found } of changed)
    note(run, { what: `${one.kind} ${one.name}`, change: 'overwrite', now: found.displayName, after: one.displayName })
  if (run.dryRun || fresh.length + changed.length === 0) return
  await transaction(run.db, async tx => {
    await lockDirectory(tx)
    const raised: string[] = []
    for (const one of fresh) raised.push(...(await addOne(tx, run, one)))
    for (const { one, found } of changed) {
      // Again: the unit may be one of those that were just made.
      const change = differences(run, one, found) ?? {}
      await changePrincipal(tx, found.id, change)
      if (change.parent === undefined) continue
      await reflattenUnits(tx, [found.id])
      raised.push(found.id)
    }
    await audit(tx, operator.id, 'data.import', 'principals', { added: fresh.length, changed: changed.length })
    await raiseDirectory(tx, raised)
  })
}

/** Undefined where nothing differs. */
function differences(
  run: Importing,
  one: PrincipalRecord,
  found: KnownPrincipal,
): { displayName?: string; email?: string | null; parent?: string | null } | undefined {
  const parent = one.unit === null ? null : run.principals.get(one.unit)
  const change = {
    ...(one.displayName === found.displayName ? {} : { displayName: one.displayName }),
    ...(one.email === found.email ? {} : { email: one.email }),
    ...(parent === undefined || parent === found.parent ? {} : { parent }),
  }
  return Object.keys(change).length === 0 ? undefined : change
}

async function addOne(tx: Connection, run: Importing, one: PrincipalRecord): Promise<string[]> {
  const { kind, name, displayName, email, bot } = one
  const parent = one.unit === null ? undefined : run.principals.get(one.unit)
  const { principal, changed = [] } = await addPrincipal(tx, { kind, name, displayName, email, bot, parent })
  run.principals.set(one.id, principal.id)
  if (one.disabled) await changePrincipal(tx, principal.id, { disabled: true })
  return changed
}

/** Members are added to groups that were made here; nobody is taken out. What a source owns it alone changes. */
async function takeMembers(run: Importing, { owner, principals }: ListRecord): Promise<void> {
  const group = run.principals.get(owner)
  if (group === undefined) return
  const members = mapped(run, principals)
  const what = `group ${run.groups.get(owner)}`
  try {
    const added = run.dryRun
      ? await toAdd(run.db, group, members)
      : await transaction(run.db, async tx => {
          await lockDirectory(tx)
          const { name, add } = await toAdd(tx, group, members)
          if (add.length === 0) return { name, add }
          await raiseDirectory(tx, await changeGroup(tx, group, add, []))
          await audit(tx, operator.id, 'group.update', group, { name, add, remove: [], import: true })
          return { name, add }
        })
    const { length } = added.add
    if (length === 0) return
    run.done.principals.joined += length
    note(run, { what, change: 'members', now: '', after: `${length} added` })
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'unavailable') throw error
    // A long list comes in several lines.
    if (run.done.faults.at(-1)?.what !== what) fault(run, what, error.message)
  }
}

/** Who of these is not in the group yet. A group that only would be made has nobody. */
async function toAdd(q: Queryable, group: string, members: string[]): Promise<{ name: string; add: string[] }> {
  const found = await findGroup(q, group, members)
  if (!found) return { name: '', add: members }
  const { name, kind, source } = found
  const there = new Set(found.there)
  const add = members.filter(id => !there.has(id))
  if (add.length > 0 && kind !== 'group') throw new Refusal('invalid_argument', 'It is no group here.')
  if (add.length > 0 && source !== '')
    throw new Refusal('forbidden', `It comes from ${source}, which owns its members: they are left as they are.`)
  return { name, add }
}
