import { readFile } from 'node:fs/promises'
import { nameKey } from '../../domain/name.ts'
import { readCsv } from '../../protocol/csv.ts'
import { Refusal } from '../../protocol/error.ts'
import type { PrincipalKind } from '../../protocol/principal.ts'
import type { Result } from '../../protocol/request.ts'
import { Misuse } from './fault.ts'
import { findPrincipal } from './names.ts'
import { plainName } from './values.ts'
import type { Change, Given, Plan, Shell, ShellVerb, Values } from './verb.ts'

const columns = ['name', 'displayName', 'email', 'unit', 'groups', 'password'] as const
type Column = (typeof columns)[number]
type Person = Partial<Record<Column, string>> & { name: string; line: number }
type Found = Result<'principal.get'>

export const importVerb: ShellVerb = {
  path: ['user', 'import'],
  text: 'add and change users from a CSV file',
  about: `The first line names the columns, in any order: name (alice@example.com, needed), displayName, email, unit, groups (with ; or | between
them) and password. Spaces, dashes and case of these names do not matter. An empty field leaves things as they are; people are added
to groups and never taken out; a password is set where the user is new. Repeating the import changes nothing. A row that is refused is
told with its line, the others are done, and the exit code is 1.`,
  options: [
    { name: 'csv', value: '<file>', text: 'the file, UTF-8; - reads it from standard input; must be given' },
    { name: 'make-groups', text: 'make groups and organisational units that there are not' },
  ],
  examples: [
    'pchat user import --csv people.csv --make-groups --what-if',
    'pchat user import --csv people.csv --make-groups --json',
  ],
  plan: planImport,
}

/** `refused`: whom an earlier step could not make. */
type Step = { what: string; line: number; changes: Change[]; run(refused: Set<string>): Promise<void> }
type Fault = { line: number; name: string; message: string }

async function planImport(shell: Shell, { options }: Given): Promise<Plan> {
  if (options.csv === undefined) throw new Misuse('--csv is missing: the file to read.')
  const people = await readPeople(options.csv as string, shell)
  const known = await lookUp(shell, people)
  const steps = [
    ...makeHolders(shell, people, known, options),
    ...people.flatMap(one => stepsOf(shell, one, known.get(nameKey(one.name)))),
    ...(await joinGroups(shell, people, known)),
  ]
  return {
    changes: steps.flatMap(step => step.changes),
    async apply() {
      const faults: Fault[] = []
      const refused = new Set<string>()
      for (const [done, step] of steps.entries()) {
        await step.run(refused).catch((error: unknown) => {
          if (!(error instanceof Refusal) || error.code === 'unavailable') throw error
          refused.add(step.what)
          faults.push({ line: step.line, name: step.what, message: error.message })
        })
        shell.progress(done + 1, steps.length, 'steps')
      }
      return report(shell, people.length, steps, faults)
    },
  }
}

function report(shell: Shell, read: number, steps: Step[], faults: Fault[]) {
  const isDone = (step: Step) => !faults.some(fault => fault.name === step.what && fault.line === step.line)
  const done = (kind: string, noun: string) =>
    steps.filter(isDone).flatMap(step => step.changes.filter(one => one.change === kind && one.what.startsWith(noun)))
      .length
  const value = {
    read,
    added: done('create', 'user '),
    groups: done('create', 'group '),
    units: done('create', 'organizationalUnit '),
    joined: done('members, add', 'group '),
    changed: steps.filter(
      step => isDone(step) && step.changes.every(one => /^(displayName|email|in)$/.test(one.change)),
    ).length,
    refused: faults,
  }
  if (faults.length > 0) shell.io.exit(1)
  const { added, changed, groups, units, joined } = value
  return {
    value,
    lines: [
      `${read} people read: ${added} added, ${changed} changed, ${joined} put into groups; ${groups} groups and ${units} units made.`,
      ...faults.map(({ line, name, message }) => `line ${line}: ${name}: ${message}`),
    ],
  }
}

async function readPeople(file: string, shell: Shell): Promise<Person[]> {
  const text =
    file === '-'
      ? await shell.io.read()
      : await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
          throw new Misuse(`--csv ${file} cannot be read (${error.code}).`)
        })
  const [head, ...rows] = readCsv(text)
  if (!head) throw new Misuse(`${file} is empty. Its first line names the columns: ${columns.join(', ')}.`)
  const places = head.fields.map(columnOf)
  if (!places.includes('name')) throw new Misuse(`${file} has no column "name". Its first line names the columns.`)
  const seen = new Map<string, number>()
  return rows.map(({ line, fields }) => {
    const person: Person = { name: '', line }
    if (fields.length > places.length) throw new Misuse(`${file}, line ${line}: there are more fields than columns.`)
    for (const [place, field] of fields.entries()) if (field.trim() !== '') person[places[place]!] = field.trim()
    person.name = plainName(person.name)
    if (person.name === '') throw new Misuse(`${file}, line ${line}: the name is missing.`)
    const before = seen.get(nameKey(person.name))
    if (before !== undefined)
      throw new Misuse(`${file}, line ${line}: ${person.name} stands in line ${before} already.`)
    seen.set(nameKey(person.name), line)
    return person
  })
}

function columnOf(title: string): Column {
  const plain = title.toLowerCase().replace(/[\s_-]/g, '')
  const found = columns.find(column => column.toLowerCase() === plain)
  if (found) return found
  throw new Misuse(`There is no column "${title}". There are ${columns.join(', ')}.`)
}

function groupsOf({ groups = '' }: Person): string[] {
  return groups
    .split(/[;|]/)
    .map(name => name.trim())
    .filter(name => name !== '')
}

/** Everybody and every group and unit that the file names, as they are now; undefined where there is none. */
async function lookUp(shell: Shell, people: Person[]): Promise<Map<string, Found | undefined>> {
  const names = new Set(people.flatMap(one => [one.name, ...(one.unit ? [one.unit] : []), ...groupsOf(one)]))
  const known = new Map<string, Found | undefined>()
  for (const name of names) {
    known.set(nameKey(name), await findPrincipal(shell, name))
    shell.progress(known.size, names.size, 'looked up')
  }
  return known
}

function makeHolders(shell: Shell, people: Person[], known: Map<string, Found | undefined>, options: Values): Step[] {
  const wanted = new Map<string, { name: string; kind: PrincipalKind; line: number }>()
  for (const one of people) {
    const holders: [string, PrincipalKind][] = groupsOf(one).map(name => [name, 'group'])
    if (one.unit) holders.unshift([one.unit, 'organizationalUnit'])
    for (const [name, kind] of holders) {
      const is = known.get(nameKey(name))?.principal.kind ?? wanted.get(nameKey(name))?.kind
      if (is !== undefined && is !== kind)
        throw new Misuse(`Line ${one.line}: "${name}" is no ${kind === 'group' ? 'group' : 'organisational unit'}.`)
      if (is === undefined) wanted.set(nameKey(name), { name, kind, line: one.line })
    }
  }
  const first = wanted.values().next().value
  if (first && !options.makeGroups)
    throw new Misuse(
      `Line ${first.line}: there is no "${first.name}". Add --make-groups, or make it with pchat group new.`,
    )
  return [...wanted.values()].map(({ name, kind, line }) => ({
    what: `${kind} ${name}`,
    line,
    changes: [{ what: `${kind} ${name}`, change: 'create', now: '', after: name }],
    run: async () => void (await shell.call('principal.create', { kind, name, displayName: name })),
  }))
}

function stepsOf(shell: Shell, person: Person, found: Found | undefined): Step[] {
  const { name, line, displayName, email, unit, password } = person
  const what = `user ${name}`
  if (!found) {
    const input = {
      kind: 'user',
      name,
      displayName: displayName ?? name.split('@')[0],
      ...(email === undefined ? {} : { email }),
      ...(unit === undefined ? {} : { in: unit }),
      ...(password === undefined ? {} : { password }),
    }
    const changes = [{ what, change: 'create', now: '', after: String(input.displayName) }]
    return [{ what, line, changes, run: async () => void (await shell.call('principal.create', input)) }]
  }
  const input: Values = {}
  const changes: Change[] = []
  const compare = (member: string, now: string, wish: string | undefined) => {
    if (wish === undefined || wish === now) return
    input[member] = wish
    changes.push({ what, change: member, now: now || '-', after: wish })
  }
  compare('displayName', found.principal.displayName, displayName)
  compare('email', found.email ?? '', email)
  if (unit !== undefined && nameKey(unit) !== nameKey(found.in?.name ?? '')) compare('in', found.in?.name ?? '', unit)
  if (changes.length === 0) return []
  const principal = found.principal.id
  return [
    { what, line, changes, run: async () => void (await shell.call('principal.update', { principal, ...input })) },
  ]
}

const mostJoining = 1000

/** Whoever is not in his groups yet, group by group. */
async function joinGroups(shell: Shell, people: Person[], known: Map<string, Found | undefined>): Promise<Step[]> {
  const joining = new Map<string, { name: string; people: Person[] }>()
  for (const one of people) {
    const has = new Set(known.get(nameKey(one.name))?.groups?.map(group => nameKey(group.name)))
    for (const name of groupsOf(one)) {
      if (has.has(nameKey(name))) continue
      const group = joining.get(nameKey(name)) ?? { name, people: [] }
      group.people.push(one)
      joining.set(nameKey(name), group)
    }
  }
  const steps: Step[] = []
  for (const { name, people: newcomers } of joining.values())
    for (let at = 0; at < newcomers.length; at += mostJoining) {
      const slice = newcomers.slice(at, at + mostJoining)
      const what = `group ${name}`
      steps.push({
        what,
        line: slice[0]!.line,
        changes: slice.map(one => ({ what, change: 'members, add', now: '', after: one.name })),
        async run(refused) {
          const add = slice.map(one => one.name).filter(one => !refused.has(`user ${one}`))
          if (add.length > 0) await shell.call('group.update', { group: name, add })
        },
      })
    }
  return steps
}
