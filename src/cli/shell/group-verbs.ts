import type { Principal } from '../../protocol/principal.ts'
import type { Result } from '../../protocol/request.ts'
import { differing } from './compare.ts'
import { Misuse } from './fault.ts'
import { compareList, listAbout, listOptions, listWish, slices } from './lists.ts'
import { principalOf } from './names.ts'
import { tableLines } from './table.ts'
import { getPrincipals } from './user-verbs.ts'
import { choice, whole } from './values.ts'
import type { Answer, Given, Plan, Shell, ShellVerb } from './verb.ts'

const argument = { name: 'group', text: 'name or id', required: true }
const kind = choice(
  'kind',
  'group, organizational-unit or domain; default: group',
  ['group', 'organizational-unit', 'domain'],
  { unit: 'organizational-unit' },
)

export const groupVerbs: ShellVerb[] = [
  {
    path: ['group', 'new'],
    text: 'add a group, an organisational unit or a domain',
    argument: { ...argument, text: 'its name' },
    options: [
      kind,
      { name: 'display-name', value: '<name>', text: 'as others see it; its name unless said' },
      { name: 'in', value: '<unit>', text: 'the organisational unit that it lies in' },
    ],
    examples: ['pchat group new Traders', 'pchat group new "Front office" --kind organizational-unit'],
    plan: planNew,
  },
  {
    path: ['group', 'set'],
    text: 'change a group and who is in it',
    about: `${listAbout.split('\n').slice(0, 2).join('\n')} Users and groups can be members. What a directory owns is changed there.`,
    argument,
    options: [
      { name: 'display-name', value: '<name>', text: 'as others see it' },
      ...listOptions('members', 'users and groups in it'),
    ],
    examples: [
      'pchat group set Traders --members-add ann@example.com,bob@example.com',
      'pchat group set Traders --members @traders.txt --what-if',
    ],
    plan: planSet,
  },
  {
    path: ['group', 'get'],
    text: 'show a group, unit or domain with its members, or find some',
    argument: { ...argument, required: false },
    options: [
      kind,
      { name: 'filter', value: '<text>', text: 'beginnings of words of the name' },
      whole('result-size', 'at most so many, 1 to 1000; 50 unless said', 1, 1000),
    ],
    examples: ['pchat group get Traders', 'pchat group get --kind organizational-unit --json'],
    get: getGroups,
  },
]

function wireKind(typed: unknown): string {
  return typed === 'organizational-unit' ? 'organizationalUnit' : typed === 'domain' ? 'domain' : 'group'
}

async function planNew(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const input = {
    kind: wireKind(options.kind),
    name: identity,
    displayName: options.displayName ?? identity,
    ...(options.in === undefined ? {} : { in: options.in }),
  }
  return {
    changes: [{ what: `${input.kind} ${identity}`, change: 'create', now: '', after: String(input.displayName) }],
    async apply() {
      const answer = await shell.call<{ principal: Principal }>('principal.create', input)
      return { value: answer, lines: [answer.principal.id] }
    },
  }
}

async function membersOf(shell: Shell, group: string): Promise<Principal[]> {
  const all: Principal[] = []
  for (let after: string | undefined; ; ) {
    const page = await shell.call<Result<'group.members'>>('group.members', {
      group,
      limit: 1000,
      ...(after && { after }),
    })
    all.push(...page.principals)
    after = page.next
    if (after === undefined) return all
  }
}

async function planSet(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const { principal } = await principalOf(shell, identity!)
  if (principal.kind === 'user') throw new Misuse(`"${principal.name}" is a user. pchat user set changes it.`)
  const what = `${principal.kind} ${principal.name}`
  const { input, changes } = differing(what, principal, { displayName: options.displayName })
  const renamed = changes.length > 0
  const wish = await listWish(shell, options, 'members')
  // A group takes what to add and what to remove, never a whole list.
  let add: string[] = []
  let remove: string[] = []
  if (wish) {
    const now = await membersOf(shell, principal.id)
    const differences = await compareList(shell, what, 'members', now, wish)
    add = differences.filter(one => one.change === 'members, add').map(one => one.after)
    remove = differences.filter(one => one.change === 'members, remove').map(one => one.now)
    changes.push(...differences)
  }
  return {
    changes,
    async apply() {
      if (renamed) await shell.call('principal.update', { principal: principal.id, ...input })
      if (add.length + remove.length > 0)
        for (const { members } of slices({ members: { add, remove } }))
          await shell.call('group.update', { group: principal.id, ...(members as object) })
      return { value: { group: { ...principal, ...input } } }
    },
  }
}

async function getGroups(shell: Shell, given: Given): Promise<Answer> {
  const { identity, options } = given
  const answer = await getPrincipals(shell, given, wireKind(options.kind))
  if (identity === undefined) return answer
  const { principal } = answer.value as Result<'principal.get'>
  if (principal.kind !== 'group' && principal.kind !== 'organizationalUnit') return answer
  const members = await membersOf(shell, principal.id)
  const names = members.map(one => one.name).join(', ') || '-'
  return { value: { ...answer.value, members }, lines: [...(answer.lines ?? []), ...tableLines([['Members', names]])] }
}
