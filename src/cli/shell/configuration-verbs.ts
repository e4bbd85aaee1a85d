import { nameKey } from '../../domain/name.ts'
import { Refusal } from '../../protocol/error.ts'
import { differing, identityIn, instanceOption, readInstance, shown } from './compare.ts'
import { tableLines } from './table.ts'
import { whole, wildcard } from './values.ts'
import type { Answer, Given, Plan, Shell, ShellVerb, Values } from './verb.ts'

type Configuration = {
  scope: string
  defaultChatHistory: number
  maxFileKb: number
  participantUpdateLimit: number
  roomManagementUrl: string
  own: string[]
}

const argument = {
  name: 'scope',
  text: 'global, site:NAME or pool:NAME (service:PersistentChatServer:NAME is taken, too)',
  required: true,
}
const options = [
  whole('default-chat-history', 'messages that a join brings, 1 to 500; 30 unless set', 1, 500),
  whole('max-file-size-kb', 'largest file, in KB of 1024 bytes; 20000 unless set', 1, 2 ** 30),
  whole(
    'participant-update-limit',
    'participants above which a room tells no more who comes and goes, 2 to 100000; 75 unless set',
    2,
    100_000,
  ),
  {
    name: 'room-management-url',
    value: '<url>',
    text: 'where rooms are created and managed, http or https; empty: the built-in pages',
  },
]

export const configurationVerbs: ShellVerb[] = [
  {
    path: ['configuration', 'new'],
    text: 'give a site or a pool options of its own',
    about: 'What is not said stays as the more general scope has it. The most specific scope of a server counts.',
    argument,
    options,
    cmdlet: 'New-CsPersistentChatConfiguration',
    examples: [
      'pchat configuration new site:London --default-chat-history 100',
      'pchat configuration new pool:chat2 --max-file-size-kb 5000',
    ],
    plan: (shell, given) => planWrite(shell, given, true),
  },
  {
    path: ['configuration', 'set'],
    text: 'change the options of a scope',
    argument: { ...argument, text: `${argument.text}; global unless said`, required: false },
    options: [instanceOption, ...options],
    cmdlet: 'Set-CsPersistentChatConfiguration',
    examples: [
      'pchat configuration set --participant-update-limit 100',
      'pchat configuration set site:London --room-management-url https://rooms.example.com --what-if',
    ],
    plan: (shell, given) => planWrite(shell, given, false),
  },
  {
    path: ['configuration', 'get'],
    text: 'show the options of a scope, or of those that fit',
    argument: { ...argument, required: false },
    options: [{ name: 'filter', value: '<pattern>', text: 'pattern of the scope, such as "site:*"' }],
    cmdlet: 'Get-CsPersistentChatConfiguration',
    examples: ['pchat configuration get', 'pchat configuration get --filter "site:*" --json'],
    get: getConfigurations,
  },
  {
    path: ['configuration', 'remove'],
    text: 'remove the options of a site or pool; the global ones go back to their defaults',
    argument,
    options: [instanceOption],
    cmdlet: 'Remove-CsPersistentChatConfiguration',
    examples: ['pchat configuration remove site:London', 'pchat configuration remove global --confirm'],
    destroys: true,
    plan: planRemove,
  },
]

function plainScope(ref: string): string {
  return ref.replace(/^service:PersistentChatServer:/i, 'pool:')
}

async function allConfigurations(shell: Shell): Promise<Configuration[]> {
  return (await shell.call<{ configurations: Configuration[] }>('configuration.list', {})).configurations
}

async function findConfiguration(shell: Shell, ref: string): Promise<Configuration | undefined> {
  return (await allConfigurations(shell)).find(one => nameKey(one.scope) === nameKey(plainScope(ref)))
}

async function configurationOf(shell: Shell, ref: string): Promise<Configuration> {
  const found = await findConfiguration(shell, ref)
  if (found) return found
  throw new Refusal(
    'not_found',
    `${ref} has no options of its own. pchat configuration get lists who has; new gives them.`,
  )
}

async function planWrite(shell: Shell, given: Given, isNew: boolean): Promise<Plan> {
  const instance = await readInstance(given, shell.io)
  const ref = given.identity ?? (instance ? identityIn(given, instance) : 'global')
  const found = isNew ? await findConfiguration(shell, ref) : await configurationOf(shell, ref)
  if (isNew && found)
    throw new Refusal(
      'name_taken',
      `${found.scope} has options of its own already. Change them with pchat configuration set.`,
    )
  const scope = found?.scope ?? plainScope(ref)
  const { defaultChatHistory, maxFileSizeKb, participantUpdateLimit, roomManagementUrl } = given.options
  const wishes: Values = {
    defaultChatHistory: defaultChatHistory ?? ownOf(instance, 'defaultChatHistory'),
    maxFileKb: maxFileSizeKb ?? ownOf(instance, 'maxFileKb'),
    participantUpdateLimit: participantUpdateLimit ?? ownOf(instance, 'participantUpdateLimit'),
    roomManagementUrl: roomManagementUrl ?? ownOf(instance, 'roomManagementUrl'),
  }
  const { input, changes } = differing(`configuration ${scope}`, ownValues(found), wishes)
  if (isNew && changes.length === 0)
    changes.push({ what: `configuration ${scope}`, change: 'create', now: '', after: 'as the more general one' })
  return {
    changes,
    apply: async () => ({
      value:
        changes.length === 0 ? { configuration: found } : await shell.call('configuration.set', { scope, ...input }),
    }),
  }
}

/** What an instance only inherits is not made its own. */
function ownOf(instance: Values | undefined, name: string): unknown {
  const own = instance?.own as string[] | undefined
  return own === undefined || own.includes(name) ? instance?.[name] : undefined
}

function ownValues(found: Configuration | undefined): Values {
  if (!found) return {}
  return Object.fromEntries(
    Object.entries(found).filter(([name]) => found.own.includes(name) || found.scope === 'global'),
  )
}

async function getConfigurations(shell: Shell, { identity, options }: Given): Promise<Answer> {
  const all = identity === undefined ? await allConfigurations(shell) : [await configurationOf(shell, identity)]
  const fits = wildcard((options.filter as string | undefined) ?? '*')
  const configurations = all.filter(one => fits(one.scope))
  const rows = configurations.map(one => [
    ...[one.scope, `${one.defaultChatHistory}`, `${one.maxFileKb}`, `${one.participantUpdateLimit}`],
    ...[shown(one.roomManagementUrl), one.own.join(' ')],
  ])
  const head = ['SCOPE', 'HISTORY', 'FILE KB', 'UPDATE LIMIT', 'ROOM MANAGEMENT', 'OWN']
  return { value: { configurations }, lines: rows.length === 0 ? [] : tableLines([head, ...rows]) }
}

async function planRemove(shell: Shell, given: Given): Promise<Plan> {
  const found = await configurationOf(shell, identityIn(given, await readInstance(given, shell.io)))
  const isGlobal = found.scope === 'global'
  return {
    changes: [
      {
        what: `configuration ${found.scope}`,
        change: isGlobal ? 'reset' : 'remove',
        now: found.own.join(' '),
        after: '',
      },
    ],
    destroys: isGlobal
      ? 'All global options go back to their defaults.'
      : `${found.scope} has the options of the more general scope then.`,
    apply: async () => ({ value: await shell.call('configuration.delete', { scope: found.scope }) }),
  }
}
