import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { group, openScriptedDirectory, type ScriptedDirectory, unit, user } from '../../test/scripted-directory.ts'
import { openHost } from '../../test/sync-host.ts'
import { checkDirectory } from './directory-check.ts'
import { syncNow } from './directory-sync.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

const users = 6
const groups = 4
const units = 3
const anything = fc.nat(users + groups + units - 1)

const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), who: anything, into: fc.option(fc.nat(units - 1)) }),
  fc.record({ do: fc.constant('move' as const), who: anything, into: fc.option(fc.nat(units - 1)) }),
  fc.record({ do: fc.constant('remove' as const), who: anything }),
  fc.record({ do: fc.constant('forget' as const), who: anything }),
  fc.record({
    do: fc.constant('members' as const),
    who: fc.nat(groups - 1),
    members: fc.uniqueArray(fc.nat(users + groups - 1), { maxLength: 6 }),
  }),
  fc.record({ do: fc.constant('swap' as const), who: fc.nat(users - 1), with: fc.nat(users - 1) }),
  fc.record({ do: fc.constant('disable' as const), who: fc.nat(users - 1), disabled: fc.boolean() }),
  fc.record({ do: fc.constant('sync' as const) }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const idOf = (n: number) => (n < users ? `u${n}` : n < users + groups ? `g${n - users}` : `o${n - users - groups}`)
const unitDn = (corp: ScriptedDirectory, n: number | null) => (n === null ? undefined : corp.objects.get(`o${n}`)?.dn)

function apply(corp: ScriptedDirectory, one: Step, run: string): unknown {
  if (one.do === 'sync') return undefined
  const id = one.do === 'members' ? `g${one.who}` : idOf(one.who)
  const object = corp.objects.get(id)
  if (one.do === 'put') {
    const place = unitDn(corp, one.into)
    if (object) return undefined
    const name = `${id}-${run}`
    if (id.startsWith('u')) corp.put(user(id, name, place ? { in: place } : {}))
    else if (id.startsWith('g')) corp.put(group(id, name, [], place ? { in: place } : {}))
    // Two share a name: they are told apart by their place, also in one. A third one there would be refused (DS8).
    else corp.put({ ...unit(id, name, place), name: `unit${Number(id.slice(1)) % 2}-${run}` })
    return undefined
  }
  if (!object) return undefined
  if (one.do === 'remove' || one.do === 'forget') {
    // A directory keeps a unit that something lies in.
    if ([...corp.objects.values()].some(other => other.dn.endsWith(`,${object.dn}`))) return undefined
    return corp[one.do](id)
  }
  if (one.do === 'move') {
    const place = unitDn(corp, one.into) ?? 'dc=corp'
    if (place === object.dn || place.endsWith(`,${object.dn}`)) return undefined
    return corp.rename(id, `${object.dn.slice(0, object.dn.indexOf(','))},${place}`)
  }
  if (one.do === 'members')
    return corp.change(id, {
      members: one.members.map(n => corp.objects.get(idOf(n))?.dn ?? `cn=${idOf(n)}-${run},dc=corp`),
    })
  if (one.do === 'disable') return corp.change(id, { disabled: one.disabled })
  const other = corp.objects.get(`u${one.with}`)
  if (!other || other.id === id) return undefined
  corp.change(id, { name: other.name })
  corp.change(other.id, { name: object.name })
  return undefined
}

/** What everybody is to be flattened to, said once more from the directory alone. */
function expected(corp: ScriptedDirectory): Map<string, string[]> {
  const all = [...corp.objects.values()]
  const byDn = new Map(all.map(object => [object.dn, object]))
  const holders = (dn: string) => all.filter(object => object.members?.includes(dn))
  const found = new Map<string, string[]>()
  for (const object of all) {
    const above = new Set<string>()
    for (let dn = object.dn; dn.includes(','); ) {
      dn = dn.slice(dn.indexOf(',') + 1)
      const at = byDn.get(dn)
      if (at?.kind === 'organizationalUnit') above.add(at.id)
    }
    const climb = (dn: string) => {
      for (const holder of holders(dn)) {
        if (above.has(holder.id)) continue
        above.add(holder.id)
        climb(holder.dn)
      }
    }
    if (object.kind !== 'organizationalUnit') climb(object.dn)
    // A group that holds itself stands there once all the same.
    above.add(object.id)
    found.set(object.id, [...above].sort())
  }
  return found
}

async function stored(source: string): Promise<Map<string, string[]>> {
  const { rows } = await database.db.query<{ id: string; above: string[] }>(
    `SELECT p.external_id AS id, array_agg(a.external_id ORDER BY a.external_id COLLATE "C") AS above
       FROM principal p JOIN affiliation f ON f.member = p.id JOIN principal a ON a.id = f.ancestor AND a.source = $1
      WHERE p.source = $1 AND p.gone_at IS NULL GROUP BY p.id`,
    [source],
  )
  return new Map(rows.map(row => [row.id, row.above]))
}

test('[DS21] after any changes, read in any pieces, the store is what the directory says', {
  timeout: 120_000,
}, async () => {
  let made = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
      made += 1
      const run = `r${made}`
      const corp = openScriptedDirectory(`random${made}`)
      const host = openHost(database.db, [corp], 'one')
      const source = host.directorySync.sources.get(corp.name)!
      for (const one of [...steps, { do: 'sync' as const }]) {
        apply(corp, one, run)
        if (one.do !== 'sync') continue
        await syncNow(host, source, { force: true })
        expect(await stored(corp.name)).toEqual(expected(corp))
      }
      const { rows } = await database.db.query<{ id: string; name: string; disabled: boolean }>(
        "SELECT external_id AS id, name, disabled FROM principal WHERE source = $1 AND kind = 'user' AND gone_at IS NULL",
        [corp.name],
      )
      for (const { id, name, disabled } of rows)
        expect({ name, disabled }).toEqual({
          name: corp.objects.get(id)!.name,
          disabled: corp.objects.get(id)!.disabled,
        })
      const check = await checkDirectory(host, source)
      expect(check.run.counts).toEqual({})
      expect(check).toMatchObject({ sound: true })
    }),
    { numRuns: 25 },
  )
})
