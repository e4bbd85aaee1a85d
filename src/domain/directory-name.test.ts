import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Claim, containerOf, type Holder, qualifiedName, refuseLosses, settleNames } from './directory-name.ts'
import { codePoints, nameKey } from './name.ts'

const held = (key: string, claim?: string): Holder => ({ key, yields: false, claim })

test('[DS7] names change in chains and circles at once; what a stranger holds ends a chain', () => {
  const circle = settleNames(
    [
      { id: '1', current: 'a', name: 'B' },
      { id: '2', current: 'b', name: 'A' },
    ],
    [held('a', '1'), held('b', '2')],
  )
  expect([...circle.names]).toEqual([
    ['2', 'A'],
    ['1', 'B'],
  ])
  const chain = [
    { id: '1', current: 'a', name: 'b' },
    { id: '2', current: 'b', name: 'c' },
    { id: '3', name: 'a' },
  ]
  const open = settleNames(chain, [held('a', '1'), held('b', '2')])
  expect(open.names.size).toBe(3)
  const blocked = settleNames(chain, [held('a', '1'), held('b', '2'), held('c')])
  expect(blocked.names.size).toBe(0)
  expect([...blocked.refused.keys()].sort()).toEqual(['1', '2', '3'])
  const yielding = settleNames([{ id: '3', name: 'a' }], [{ key: 'a', yields: true }])
  expect([[...yielding.names], [...yielding.yielded]]).toEqual([[['3', 'a']], ['a']])
})

test('[DS8] of several who want a name one gets it, groups and units are called by their place else', () => {
  const two = settleNames(
    [
      { id: '2', name: 'Users', otherwise: 'Users (ou=b)' },
      { id: '1', name: 'users', otherwise: 'Users (ou=a)' },
      { id: '3', name: 'USERS' },
    ],
    [],
  )
  expect(Object.fromEntries(two.names)).toEqual({ '1': 'users', '2': 'Users (ou=b)' })
  expect([...two.refused]).toEqual([['3', 'USERS']])
  expect(qualifiedName('Users', 'ou=berlin,dc=example')).toBe('Users (ou=berlin,dc=example)')
  expect(codePoints(qualifiedName('Users', '\u{1F600}'.repeat(400)))).toBe(256)
})

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const worlds = fc.record({
  // Name of each principal that is there; whether it is the source's, and what it then wants.
  there: fc.uniqueArray(fc.record({ key, wants: fc.option(key), yields: fc.boolean() }), {
    selector: one => one.key,
    maxLength: 5,
  }),
  coming: fc.array(fc.record({ wants: key, otherwise: fc.boolean() }), { maxLength: 4 }),
})

test('[DS7] [DS8] whoever comes and goes, no two have one name, and whom nobody stands in the way of gets his', () => {
  fc.assert(
    fc.property(worlds, ({ there, coming }) => {
      const claims: Claim[] = [
        ...there.flatMap((one, i) =>
          one.wants === null || one.yields ? [] : [{ id: `p${i}`, current: one.key, name: one.wants }],
        ),
        ...coming.map((one, i) => ({
          id: `n${i}`,
          name: one.wants,
          ...(one.otherwise ? { otherwise: qualifiedName(one.wants, `ou=${i}`) } : {}),
        })),
      ]
      const holders = there.map((one, i) => ({ key: one.key, yields: one.yields, claim: `p${i}` }))
      const { names, refused, yielded } = settleNames(claims, holders)
      const after: string[] = []
      for (const [i, one] of there.entries()) {
        const name = names.get(`p${i}`)
        if (name !== undefined) after.push(nameKey(name))
        else if (!yielded.has(one.key)) after.push(one.key)
      }
      for (const [id, name] of names) if (id.startsWith('n')) after.push(nameKey(name))
      expect(new Set(after).size).toBe(after.length)
      expect(names.size + refused.size).toBe(claims.length)
      for (const claim of claims) {
        const wanted = nameKey(claim.name)
        const isAlone = claims.filter(other => nameKey(other.name) === wanted).length === 1
        if (isAlone && !holders.some(holder => holder.key === wanted && !holder.yields))
          expect(names.get(claim.id)).toBe(claim.name)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('[DS7] a chain of many thousands is settled', () => {
  const count = 50_000
  const claims = Array.from({ length: count }, (_, i) => ({ id: `${i}`, current: `k${i}`, name: `k${i + 1}` }))
  const holders = claims.map(claim => held(claim.current, claim.id))
  expect(settleNames(claims, holders).names.size).toBe(count)
  expect(settleNames(claims, [...holders, held(`k${count}`)]).refused.size).toBe(count)
})

test('[DS9] the place of a distinguished name follows its first comma that is none of a value', () => {
  expect(containerOf('cn=a\\,b,ou=c,dc=d')).toBe('ou=c,dc=d')
  expect(containerOf('cn=a\\\\,ou=c')).toBe('ou=c')
  expect(containerOf('dc=d')).toBe('')
})

test('[DS11] a run that would shut out more than a usual day does has to be asked for', () => {
  expect(refuseLosses('corp', 10, 100, 0.05)).toBeUndefined()
  expect(refuseLosses('corp', 11, 100, 0.05)).toMatch(/disable 11 of the 100 users of corp \(11 %\)/)
  expect(refuseLosses('corp', 50, 1_000, 0.05)).toBeUndefined()
  expect(refuseLosses('corp', 51, 1_000, 0.05)).toBeDefined()
  expect(refuseLosses('corp', 3, 3, 0.05)).toBeDefined()
  expect(refuseLosses('corp', 1, 1, 0.05)).toBeUndefined()
  expect(refuseLosses('corp', 0, 0, 0)).toBeUndefined()
})
