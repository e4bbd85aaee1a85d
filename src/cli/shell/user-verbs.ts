import { readFile } from 'node:fs/promises'
import type { Principal } from '../../protocol/principal.ts'
import type { Result } from '../../protocol/request.ts'
import { explainedLines } from '../explained.ts'
import { differing, shown } from './compare.ts'
import { principalTable } from './eligible-verbs.ts'
import { Misuse } from './fault.ts'
import type { Io } from './io.ts'
import { principalOf, roomId } from './names.ts'
import { tableLines } from './table.ts'
import { importVerb } from './user-import.ts'
import { flag, plainName, whole } from './values.ts'
import type { Answer, Given, Plan, Shell, ShellVerb, Values } from './verb.ts'

const argument = { name: 'user', text: 'account name (alice@example.com) or id', required: true }
const displayName = { name: 'display-name', value: '<name>', text: 'as others see it' }
const email = { name: 'email', value: '<address>', text: 'e-mail address' }
const unit = { name: 'in', value: '<unit>', text: 'its organisational unit' }
const password = {
  name: 'password-file',
  value: '<file>',
  text: 'file whose first line is the password, 8 characters at least; - reads it from standard input',
}
const administrator = flag('administrator', 'a full administrator')

export const userVerbs: ShellVerb[] = [
  {
    path: ['user', 'new'],
    text: 'add a user',
    about:
      'Without a password nobody signs in as this user. The part after the @ is the domain that the user belongs to.',
    argument: { ...argument, text: 'account name, such as alice@example.com' },
    options: [displayName, email, unit, password, administrator],
    examples: [
      'pchat user new alice@example.com --display-name "Alice Adams" --in Sales',
      'pchat user new bob@example.com --password-file - < secret.txt',
    ],
    plan: planNew,
  },
  {
    path: ['user', 'set'],
    text: 'change a user',
    about: 'What a directory owns of a user is changed there. A new password ends the sign-ins of the user.',
    argument,
    options: [
      displayName,
      email,
      unit,
      { name: 'in-none', text: 'in no organisational unit' },
      password,
      administrator,
    ],
    examples: [
      'pchat user set alice@example.com --in Marketing',
      'pchat user set alice@example.com --administrator --what-if',
    ],
    plan: planSet,
  },
  {
    path: ['user', 'get'],
    text: 'show a user, or find some',
    argument: { ...argument, required: false },
    options: [
      {
        name: 'filter',
        value: '<text>',
        text: 'beginnings of words of the name; without it the first by display name',
      },
      whole('result-size', 'at most so many, 1 to 1000; 50 unless said', 1, 1000),
    ],
    examples: ['pchat user get alice@example.com', 'pchat user get --filter "ann mi" --json'],
    get: (shell, given) => getPrincipals(shell, given, 'user'),
  },
  {
    path: ['user', 'explain'],
    text: 'say who somebody is and why he may enter a room, or not',
    about:
      'Where the account comes from, its groups and through which; with --room every entry that counts for or against it there.',
    argument,
    options: [{ name: 'room', value: '<room>', text: 'name, id or address of the room' }],
    examples: [
      'pchat user explain alice@example.com --room "FX desk"',
      'pchat user explain alice@example.com --room "FX desk" --json',
    ],
    get: explainUser,
  },
  {
    path: ['user', 'disable'],
    text: 'switch an account off: its sign-ins end, its messages stay',
    argument,
    examples: ['pchat user disable alice@example.com', 'pchat user disable alice@example.com --what-if'],
    plan: (shell, given) => planDisabled(shell, given, true),
  },
  {
    path: ['user', 'enable'],
    text: 'switch an account on again',
    argument,
    examples: ['pchat user enable alice@example.com', 'pchat user enable alice@example.com --what-if'],
    plan: (shell, given) => planDisabled(shell, given, false),
  },
  importVerb,
]

async function readPassword(options: Values, io: Io): Promise<string | undefined> {
  const file = options.passwordFile as string | undefined
  if (file === undefined) return undefined
  const text =
    file === '-'
      ? await io.read()
      : await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
          throw new Misuse(`--password-file ${file} cannot be read (${error.code}).`)
        })
  return text.split(/\r?\n/, 1)[0]
}

async function planNew(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const name = plainName(identity!)
  const input = {
    kind: 'user',
    name,
    displayName: options.displayName ?? name.split('@')[0],
    ...(options.email === undefined ? {} : { email: options.email }),
    ...(options.in === undefined ? {} : { in: options.in }),
    ...(options.administrator === undefined ? {} : { administrator: options.administrator }),
  }
  const password = await readPassword(options, shell.io)
  return {
    changes: [{ what: `user ${name}`, change: 'create', now: '', after: String(input.displayName) }],
    async apply() {
      const answer = await shell.call<{ principal: Principal }>('principal.create', {
        ...input,
        ...(password === undefined ? {} : { password }),
      })
      return { value: answer, lines: [answer.principal.id] }
    },
  }
}

async function planSet(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const found = await principalOf(shell, identity!)
  const { principal } = found
  const what = `user ${principal.name}`
  const { displayName, email, administrator } = options
  const now = { displayName: principal.displayName, email: found.email ?? '', administrator: found.administrator }
  const { input, changes } = differing(what, now, { displayName, email, administrator })
  const unit = options.inNone ? null : ((options.in as string | undefined) ?? undefined)
  if (unit !== undefined && unit !== found.in?.name && unit !== found.in?.id && !(unit === null && !found.in)) {
    input.in = unit
    changes.push({ what, change: 'in', now: shown(found.in), after: shown(unit) })
  }
  const password = await readPassword(options, shell.io)
  if (password !== undefined) changes.push({ what, change: 'password', now: '', after: 'a new one; sign-ins end' })
  return {
    changes,
    async apply() {
      if (changes.length === 0) return { value: { principal } }
      const more = password === undefined ? {} : { password }
      return { value: await shell.call('principal.update', { principal: principal.id, ...input, ...more }) }
    },
  }
}

async function planDisabled(shell: Shell, { identity }: Given, disabled: boolean): Promise<Plan> {
  const found = await principalOf(shell, identity!)
  const { principal } = found
  if (principal.kind !== 'user') throw new Misuse(`"${principal.name}" is no user.`)
  const changes =
    found.disabled === disabled
      ? []
      : [{ what: `user ${principal.name}`, change: 'disabled', now: shown(!disabled), after: shown(disabled) }]
  return {
    changes,
    apply: async () => ({
      value:
        changes.length === 0
          ? { principal }
          : await shell.call('principal.update', { principal: principal.id, disabled }),
    }),
  }
}

async function explainUser(shell: Shell, { identity, options }: Given): Promise<Answer> {
  const { principal } = await principalOf(shell, identity!)
  const room = options.room === undefined ? {} : { room: await roomId(shell, options.room as string) }
  const answer = await shell.call<Result<'directory.explain'>>('directory.explain', { user: principal.id, ...room })
  return { value: answer, lines: explainedLines(answer) }
}

/** One with all that is known of it, or those that a text finds. */
export async function getPrincipals(shell: Shell, { identity, options }: Given, kind: string): Promise<Answer> {
  if (identity === undefined) {
    const { filter = '', resultSize = 50 } = options
    const answer = await shell.call<Result<'principal.find'>>('principal.find', {
      text: filter,
      kind,
      limit: resultSize,
    })
    return { value: answer, lines: principalTable(answer.principals) }
  }
  const found = await principalOf(shell, identity)
  const { principal } = found
  const rows = [
    ['Name', principal.name],
    ['Id', principal.id],
    ['Display name', principal.displayName],
    ['Kind', principal.kind],
    ['E-mail', shown(found.email)],
    ['In', shown(found.in)],
    ['Groups', (found.groups ?? []).map(one => one.name).join(', ') || '-'],
    ['Comes from', found.source ?? 'here'],
  ]
  if (principal.kind === 'user')
    rows.push(
      ['Administrator', shown(found.administrator)],
      ['Disabled', shown(found.disabled)],
      ['Persistent Chat', found.enabled ? 'on, by policy' : 'off, by policy'],
    )
  return { value: found, lines: tableLines(rows) }
}
