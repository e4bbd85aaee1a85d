import type { Category } from '../../protocol/category.ts'
import type { Principal } from '../../protocol/principal.ts'
import { differing, identityIn, instanceOption, readInstance, shown } from './compare.ts'
import { Misuse } from './fault.ts'
import {
  compareList,
  type ListWish,
  listAbout,
  listOptions,
  listWish,
  newListOptions,
  newLists,
  slices,
} from './lists.ts'
import { allCategories, categoryOf } from './names.ts'
import { tableLines } from './table.ts'
import { flag } from './values.ts'
import type { Answer, Given, Plan, Shell, ShellVerb, Values } from './verb.ts'

const argument = { name: 'category', text: 'name or id of the category', required: true }
const description = { name: 'description', value: '<text>', text: 'at most 256 characters; empty unless said' }
const asObject = flag('as-object', 'lists hold display names instead of account names')

export const categoryVerbs: ShellVerb[] = [
  {
    path: ['category', 'new'],
    text: 'add a category',
    about: `Without switches its rooms take no files, send no invitations and keep their history. Nobody is in its scope unless said: who is allowed
(users, groups, organisational units, domains), less who is denied, whoever allows him: the wall. pchat category set changes it. Names are unique among rooms and categories, at most 256 characters.`,
    argument: { name: 'name', text: 'name of the new category', required: false },
    options: [
      { name: 'name', value: '<name>', text: 'the same as the argument' },
      description,
      { name: 'enable-file-upload', text: 'files may be put into its rooms' },
      { name: 'enable-invitations', text: 'its rooms may send invitations' },
      { name: 'remove-chat-history', text: 'what is posted in its rooms is not kept' },
      ...newListOptions('allowed-members', 'who is in the scope'),
      ...newListOptions('denied-members', 'who is not, whoever allows him'),
      ...newListOptions('creators', 'who may create rooms'),
    ],
    cmdlet: 'New-CsPersistentChatCategory',
    examples: [
      'pchat category new Trading --enable-file-upload --enable-invitations',
      'pchat category new "Smoking balcony" --remove-chat-history',
      'pchat category new Research --allowed-members Analysts,Compliance --denied-members Traders --what-if',
    ],
    plan: planNew,
  },
  {
    path: ['category', 'set'],
    text: 'change a category, its scope and its creators',
    about: `${listAbout}
Who is in the scope (allowed, and not denied) may stand on the lists of its rooms and find them. Entries of rooms that a narrower scope
shuts out stay without effect, and count again when it is widened. What a change of the scope does to people and rooms is shown by
--what-if: it asks the server's simulation, which is exact.`,
    argument,
    options: [
      instanceOption,
      { name: 'name', value: '<name>', text: 'a new name' },
      description,
      flag('file-upload', 'files may be put into its rooms'),
      flag('invitations', 'its rooms may send invitations'),
      flag('chat-history', 'false: what is posted from now on is not kept'),
      ...listOptions('allowed-members', 'who is in the scope'),
      ...listOptions('denied-members', 'who is not, whoever allows him'),
      ...listOptions('creators', 'who may create rooms'),
      asObject,
    ],
    cmdlet: 'Set-CsPersistentChatCategory',
    examples: [
      'pchat category set Trading --allowed-members-add Traders --denied-members-add Analysts',
      'pchat category set Trading --allowed-members @traders.txt --what-if',
    ],
    plan: planSet,
  },
  {
    path: ['category', 'get'],
    text: 'show a category with its lists, or all',
    argument: { ...argument, required: false },
    options: [asObject],
    cmdlet: 'Get-CsPersistentChatCategory',
    examples: ['pchat category get', 'pchat category get Trading --json'],
    get: getCategories,
  },
  {
    path: ['category', 'remove'],
    text: 'delete a category that has no rooms',
    about: 'A category with rooms is refused: move or remove them first. It cannot be undone.',
    argument,
    options: [instanceOption],
    cmdlet: 'Remove-CsPersistentChatCategory',
    examples: ['pchat category remove Archive', 'pchat category remove Archive --confirm'],
    destroys: true,
    plan: planRemove,
  },
]

async function planNew(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const name = identity ?? options.name
  if (typeof name !== 'string')
    throw new Misuse('The name is missing. Name the category before the options, or with --name.')
  const { description, enableFileUpload = false, enableInvitations = false, removeChatHistory = false } = options
  const input = {
    name,
    ...(description === undefined ? {} : { description }),
    fileUpload: enableFileUpload,
    invitations: enableInvitations,
    chatHistory: removeChatHistory !== true,
  }
  const { fileUpload, invitations, chatHistory } = input
  const given = await newLists(shell, `category ${name}`, options, lists)
  const then = `files ${shown(fileUpload)}, invitations ${shown(invitations)}, history ${shown(chatHistory)}`
  return {
    changes: [{ what: `category ${name}`, change: 'create', now: '', after: then }, ...given.changes],
    async apply() {
      const answer = await shell.call<{ category: Category }>('category.create', { ...input, ...given.input })
      return { value: answer, lines: [answer.category.id] }
    },
  }
}

const scalars = ['name', 'description', 'fileUpload', 'invitations', 'chatHistory'] as const
const lists = { allowedMembers: 'allowed-members', deniedMembers: 'denied-members', creators: 'creators' } as const

async function planSet(shell: Shell, given: Given): Promise<Plan> {
  const { options } = given
  const instance = await readInstance(given, shell.io)
  const category = await categoryOf(shell, identityIn(given, instance))
  const what = `category ${category.name}`
  const wishesOf = Object.fromEntries(scalars.map(name => [name, options[name] ?? instance?.[name]]))
  const { input, changes } = differing(what, category, wishesOf)
  const wishes: Record<string, ListWish> = {}
  for (const [member, name] of Object.entries(lists) as [keyof typeof lists, string][]) {
    const wish =
      (await listWish(shell, options, name, options.asObject === true)) ??
      (instance?.[member] as Principal[] | undefined)?.map(one => one.id)
    if (wish === undefined) continue
    const differences = await compareList(shell, what, name, category[member] ?? [], wish)
    if (differences.length > 0) wishes[member] = wish
    changes.push(...differences)
  }
  if (options.whatIf) changes.push(...(await simulated(shell, category, wishes)))
  return {
    changes,
    async apply() {
      let changed: Category = category
      if (changes.length > 0)
        for (const slice of slices(wishes))
          changed = (
            await shell.call<{ category: Category }>('category.update', { category: category.id, ...input, ...slice })
          ).category
      return { value: { category: changed } }
    },
  }
}

type Touched = { users: number; sample: Principal[] }
type Simulation = {
  id: string
  state: 'done' | 'running' | 'failed'
  progress: number
  result?: { gains: Touched; loses: Touched; roomCount: number; entryCount: number }
}

/** Who would gain and lose: the server's own answer, waited for with progress where it takes long. */
async function simulated(shell: Shell, { id, name }: Category, wishes: Record<string, ListWish>) {
  const { creators: _, ...scope } = wishes
  if (Object.keys(scope).length === 0) return []
  let { simulation } = await shell.call<{ simulation: Simulation }>('category.simulate', { category: id, ...scope })
  while (simulation.state === 'running') {
    shell.progress(Math.round(simulation.progress * 100), 100, '% simulated')
    await new Promise(resolve => setTimeout(resolve, 500))
    simulation = (await shell.call<{ simulation: Simulation }>('category.simulation', { simulation: simulation.id }))
      .simulation
  }
  const { result } = simulation
  if (!result) throw new Error('The simulation failed. Ask again.')
  const what = `category ${name}`
  return [
    { what, change: 'gain access', now: '', after: told(result.gains) },
    { what, change: 'lose access', now: told(result.loses), after: '' },
    { what, change: 'entries without effect', now: '', after: `${result.entryCount} in ${result.roomCount} rooms` },
  ]
}

const mostTold = 3

/** Everybody where they are few, else some of them. */
function told({ users, sample }: Touched): string {
  const names = sample.slice(0, mostTold).map(one => one.name)
  if (users === 0) return '0 users'
  return `${users} users: ${names.join(', ')}${users > names.length ? ', …' : ''}`
}

async function getCategories(shell: Shell, { identity, options }: Given): Promise<Answer> {
  if (identity === undefined) {
    const categories = await allCategories(shell)
    return { value: { categories }, lines: categories.length === 0 ? [] : categoryTable(categories) }
  }
  const category = await categoryOf(shell, identity)
  const names = (list: Principal[] | undefined) =>
    (list ?? []).map(one => (options.asObject ? one.displayName : one.name)).join(', ') || '-'
  return {
    value: { category },
    lines: tableLines([
      ['Name', category.name],
      ['Id', category.id],
      ['Description', shown(category.description)],
      ['Files', shown(category.fileUpload)],
      ['Invitations', shown(category.invitations)],
      ['History', shown(category.chatHistory)],
      ['Version', `${category.version}`],
      ['Allowed', names(category.allowedMembers)],
      ['Denied', names(category.deniedMembers)],
      ['Creators', names(category.creators)],
    ]),
  }
}

function categoryTable(categories: Category[]): string[] {
  const count = (list: Principal[] | undefined) => (list === undefined ? '-' : `${list.length}`)
  return tableLines([
    ['CATEGORY', 'FILES', 'INVITATIONS', 'HISTORY', 'ALLOWED', 'DENIED', 'CREATORS', 'DESCRIPTION'],
    ...categories.map(one => [
      ...[one.name, shown(one.fileUpload), shown(one.invitations), shown(one.chatHistory)],
      ...[count(one.allowedMembers), count(one.deniedMembers), count(one.creators), one.description],
    ]),
  ])
}

async function planRemove(shell: Shell, given: Given): Promise<Plan> {
  const instance: Values | undefined = await readInstance(given, shell.io)
  const category = await categoryOf(shell, identityIn(given, instance))
  await shell.call('category.delete', { category: category.id, dryRun: true })
  return {
    changes: [{ what: `category ${category.name}`, change: 'remove', now: shown(category.description), after: '' }],
    destroys: `The category "${category.name}" goes with its scope and creators, for good.`,
    async apply() {
      await shell.call('category.delete', { category: category.id })
      return { value: { removed: category.id } }
    },
  }
}
