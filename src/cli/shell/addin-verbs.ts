import { nameKey } from '../../domain/name.ts'
import { Refusal } from '../../protocol/error.ts'
import { differing, identityIn, instanceOption, readInstance } from './compare.ts'
import { Misuse } from './fault.ts'
import { tableLines } from './table.ts'
import type { Answer, Given, Plan, Shell, ShellVerb } from './verb.ts'

type Addin = { id: string; name: string; url: string }

const argument = { name: 'addin', text: 'name or id of the add-in', required: true }
const name = { name: 'name', value: '<name>', text: 'unique, at most 50 characters' }
const url = { name: 'url', value: '<url>', text: 'http or https, at most 255 characters' }

export const addinVerbs: ShellVerb[] = [
  {
    path: ['addin', 'new'],
    text: 'register an add-in, a page that stands beside the conversation of a room',
    about: 'A room gets it by pchat room set --addin.',
    argument: { name: 'name', text: 'its name', required: false },
    options: [name, url],
    cmdlet: 'New-CsPersistentChatAddin',
    examples: [
      'pchat addin new Positions --url https://positions.example.com/room',
      'pchat room set "FX desk" --addin Positions',
    ],
    plan: planNew,
  },
  {
    path: ['addin', 'set'],
    text: 'change an add-in',
    argument,
    options: [instanceOption, name, url],
    cmdlet: 'Set-CsPersistentChatAddin',
    examples: [
      'pchat addin set Positions --url https://positions.example.com/v2',
      'pchat addin set Positions --name "Positions and limits" --what-if',
    ],
    plan: planSet,
  },
  {
    path: ['addin', 'get'],
    text: 'show an add-in, or all',
    argument: { ...argument, required: false },
    cmdlet: 'Get-CsPersistentChatAddin',
    examples: ['pchat addin get', 'pchat addin get Positions --json'],
    get: getAddins,
  },
  {
    path: ['addin', 'remove'],
    text: 'remove an add-in; rooms that have it lose it',
    argument,
    options: [instanceOption],
    cmdlet: 'Remove-CsPersistentChatAddin',
    examples: ['pchat addin remove Positions', 'pchat addin remove Positions --confirm'],
    destroys: true,
    plan: planRemove,
  },
]

async function allAddins(shell: Shell): Promise<Addin[]> {
  return (await shell.call<{ addins: Addin[] }>('addin.list', {})).addins
}

/** The add-in that was named by its id or, exactly, by its name. */
export async function addinOf(shell: Shell, ref: string): Promise<Addin> {
  const found = (await allAddins(shell)).find(one => one.id === ref.toLowerCase() || nameKey(one.name) === nameKey(ref))
  if (found) return found
  throw new Refusal('not_found', `There is no add-in "${ref}". pchat addin get lists them.`)
}

async function planNew(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const input = { name: identity ?? options.name, url: options.url }
  if (input.name === undefined || input.url === undefined)
    throw new Misuse('An add-in has a name and an address: pchat addin new NAME --url URL.')
  return {
    changes: [{ what: `add-in ${input.name}`, change: 'create', now: '', after: String(input.url) }],
    async apply() {
      const answer = await shell.call<{ addin: Addin }>('addin.create', input)
      return { value: answer, lines: [answer.addin.id] }
    },
  }
}

async function planSet(shell: Shell, given: Given): Promise<Plan> {
  const instance = await readInstance(given, shell.io)
  const addin = await addinOf(shell, identityIn(given, instance))
  const { name = instance?.name, url = instance?.url } = given.options
  const { input, changes } = differing(`add-in ${addin.name}`, addin, { name, url })
  return {
    changes,
    apply: async () => ({
      value: changes.length === 0 ? { addin } : await shell.call('addin.update', { addin: addin.id, ...input }),
    }),
  }
}

async function getAddins(shell: Shell, { identity }: Given): Promise<Answer> {
  if (identity !== undefined) {
    const addin = await addinOf(shell, identity)
    return {
      value: { addin },
      lines: tableLines([
        ['Name', addin.name],
        ['Id', addin.id],
        ['Address', addin.url],
      ]),
    }
  }
  const addins = await allAddins(shell)
  const rows = addins.map(one => [one.name, one.url, one.id])
  return { value: { addins }, lines: rows.length === 0 ? [] : tableLines([['ADD-IN', 'ADDRESS', 'ID'], ...rows]) }
}

async function planRemove(shell: Shell, given: Given): Promise<Plan> {
  const addin = await addinOf(shell, identityIn(given, await readInstance(given, shell.io)))
  return {
    changes: [{ what: `add-in ${addin.name}`, change: 'remove', now: addin.url, after: '' }],
    destroys: `The add-in "${addin.name}" goes, and the rooms that show it lose it.`,
    async apply() {
      await shell.call('addin.delete', { addin: addin.id, force: true })
      return { value: { removed: addin.id } }
    },
  }
}
