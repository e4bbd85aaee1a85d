import type { Input, Result } from '../../../src/protocol/request.ts'
import { type FilePerson, keyOfName, type LineFault, type PeopleFile } from './people-file.ts'

/** What a name stands for now; `null`: nothing. */
export type Known = Map<string, Result<'principal.get'> | null>

/** One call to be made. `needs`: what earlier steps must have made. */
export type Step = { line: number; name: string; needs: string[] } & (
  | { kind: 'unit' | 'group' | 'user'; input: Input<'principal.create'> }
  | { kind: 'change'; input: Input<'principal.update'> }
  | { kind: 'join'; group: string; add: { name: string; line: number }[] }
)

export type Creation = Extract<Step, { kind: 'unit' | 'group' | 'user' }>

export type PeoplePlan = { steps: Step[]; faults: LineFault[]; read: number; withoutPassword: number }

/** Every name that must be looked up before it is known what an import would do. */
export function namesOf({ people }: PeopleFile): string[] {
  const names = people.flatMap(one => [one.name, ...(one.unit === undefined ? [] : [one.unit]), ...one.groups])
  return [...new Map(names.map(name => [keyOfName(name), name])).values()]
}

type Holder = 'unit' | 'group'
const holderKinds = { unit: 'organizationalUnit', group: 'group' } as const
const holderWords = { unit: 'organisational unit', group: 'group' } as const

/** What an import would do. People are added and changed, and put into groups; nobody is taken out of one. */
export function planPeople({ people, faults }: PeopleFile, known: Known, firstPassword: string): PeoplePlan {
  const made = new Map<string, Step>()
  const refused: LineFault[] = [...faults]
  const users: Step[] = []
  const joins = new Map<string, { group: string; add: { name: string; line: number }[] }>()
  let withoutPassword = 0
  for (const person of people) {
    const wrong = wrongOf(person, known, made)
    if (wrong !== undefined) {
      refused.push({ line: person.line, name: person.name, sentence: wrong })
      continue
    }
    for (const [name, holder] of holdersOf(person)) {
      if (!known.get(keyOfName(name)) && !made.has(keyOfName(name)))
        made.set(keyOfName(name), makeHolder(name, holder, person.line))
    }
    const found = known.get(keyOfName(person.name))
    const password = person.password ?? firstPassword
    if (!found && password === '') withoutPassword += 1
    const step = found ? changeOf(person, found) : creationOf(person, password)
    if (step !== undefined) users.push(step)
    const has = new Set(found?.groups?.map(group => keyOfName(group.name)))
    for (const group of person.groups) {
      if (has.has(keyOfName(group))) continue
      const join = joins.get(keyOfName(group)) ?? { group, add: [] }
      if (!join.add.some(one => one.name === person.name)) join.add.push({ name: person.name, line: person.line })
      joins.set(keyOfName(group), join)
    }
  }
  return {
    steps: [...made.values(), ...users, ...[...joins.values()].flatMap(joinSteps)],
    faults: refused,
    read: people.length,
    withoutPassword,
  }
}

function holdersOf({ unit, groups }: FilePerson): [string, Holder][] {
  return [
    ...(unit === undefined ? [] : [[unit, 'unit'] as [string, Holder]]),
    ...groups.map(group => [group, 'group'] as [string, Holder]),
  ]
}

function wrongOf(person: FilePerson, known: Known, made: Map<string, Step>): string | undefined {
  const found = known.get(keyOfName(person.name))
  if (found && found.principal.kind !== 'user') return 'This is the name of a group, unit or domain.'
  if (found?.source !== undefined) return `This user comes from the directory "${found.source}". Change it there.`
  for (const [name, holder] of holdersOf(person)) {
    const is = known.get(keyOfName(name))?.principal.kind
    const will = made.get(keyOfName(name))?.kind
    if ((is !== undefined && is !== holderKinds[holder]) || (will !== undefined && will !== holder))
      return `"${name}" is no ${holderWords[holder]}.`
  }
  return undefined
}

function makeHolder(name: string, kind: Holder, line: number): Step {
  return {
    kind,
    line,
    name,
    needs: [],
    input: { kind: holderKinds[kind], name, displayName: name.split('@')[0] || name },
  }
}

function creationOf(person: FilePerson, password: string): Step {
  const { name, line, displayName, email, unit } = person
  const input = {
    ...{ kind: 'user' as const, name, displayName: displayName ?? (name.split('@')[0] || name) },
    ...(email === undefined ? {} : { email }),
    ...(unit === undefined ? {} : { in: unit }),
    ...(password === '' ? {} : { password }),
  }
  return { kind: 'user', line, name, needs: unit === undefined ? [] : [unit], input }
}

/** What the file says otherwise; undefined where it says the same. A password is for who is new. */
function changeOf(person: FilePerson, found: Result<'principal.get'>): Step | undefined {
  const { name, line, displayName, email, unit } = person
  const input = {
    ...(displayName === undefined || displayName === found.principal.displayName ? {} : { displayName }),
    ...(email === undefined || email === (found.email ?? '') ? {} : { email }),
    ...(unit === undefined || keyOfName(unit) === keyOfName(found.in?.name ?? '') ? {} : { in: unit }),
  }
  if (Object.keys(input).length === 0) return undefined
  return {
    kind: 'change',
    line,
    name,
    needs: unit === undefined ? [] : [unit],
    input: { principal: found.principal.id, ...input },
  }
}

const mostJoining = 500

function joinSteps({ group, add }: { group: string; add: { name: string; line: number }[] }): Step[] {
  return Array.from({ length: Math.ceil(add.length / mostJoining) }, (_, at) => {
    const slice = add.slice(at * mostJoining, (at + 1) * mostJoining)
    return { kind: 'join', line: slice[0]?.line ?? 0, name: group, needs: [group], group, add: slice }
  })
}

/** How many there are of each kind, for people to read. */
export function planCounts({ steps }: Pick<PeoplePlan, 'steps'>) {
  const of = (kind: Step['kind']) => steps.filter(step => step.kind === kind).length
  const joined = steps.reduce((sum, step) => sum + (step.kind === 'join' ? step.add.length : 0), 0)
  return { units: of('unit'), groups: of('group'), users: of('user'), changes: of('change'), joined }
}
