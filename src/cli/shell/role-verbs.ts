import type { Principal } from '../../protocol/principal.ts'
import { Misuse } from './fault.ts'
import { principalOf } from './names.ts'
import { tableLines } from './table.ts'
import { choice } from './values.ts'
import type { Answer, Given, Plan, Shell, ShellVerb } from './verb.ts'

const wire = {
  administrator: 'administrator',
  'chat-administrator': 'chatAdministrator',
  'user-administrator': 'userAdministrator',
  'compliance-officer': 'complianceOfficer',
  'help-desk': 'helpDesk',
} as const
type Role = keyof typeof wire

const roles = Object.keys(wire) as Role[]
const typed = new Map<string, string>(roles.map(role => [wire[role], role]))

export const roleVerbs: ShellVerb[] = [
  {
    path: ['role', 'grant'],
    text: 'give a role of administration, or take it back',
    about: `administrator: everything; chat-administrator: categories, rooms, messages, options, policies, and no people; user-administrator: who may
use Persistent Chat; compliance-officer: the records; help-desk: reads how everything is set, and no messages. Groups can have
every role but administrator.`,
    argument: { name: 'principal', text: 'account name or id of a user or group', required: true },
    options: [choice('role', 'which role; must be given', roles), { name: 'revoke', text: 'take it back' }],
    examples: [
      'pchat role grant alice@example.com --role help-desk',
      'pchat role grant "Chat team" --role chat-administrator --revoke --what-if',
    ],
    plan: planGrant,
  },
  {
    path: ['role', 'get'],
    text: 'show who holds which role of administration',
    options: [choice('role', 'this role only', roles)],
    examples: ['pchat role get', 'pchat role get --role administrator --json'],
    get: getRoles,
  },
]

type Holder = { principal: Principal; role: string; by: Principal | null; at: string | null }

async function holdersOf(shell: Shell): Promise<Holder[]> {
  return (await shell.call<{ holders: Holder[] }>('role.list', {})).holders
}

async function planGrant(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const role = options.role as Role | undefined
  if (role === undefined) throw new Misuse(`--role is missing: one of ${roles.join(', ')}.`)
  const granted = !options.revoke
  const { principal } = await principalOf(shell, identity!)
  const has = (await holdersOf(shell)).some(one => one.principal.id === principal.id && one.role === wire[role])
  const change = {
    what: `${principal.kind} ${principal.name}`,
    change: 'role',
    now: has ? role : '',
    after: granted ? role : '',
  }
  return {
    changes: has === granted ? [] : [change],
    apply: async () => ({
      value:
        has === granted ? {} : await shell.call('role.grant', { principal: principal.id, role: wire[role], granted }),
    }),
  }
}

async function getRoles(shell: Shell, { options }: Given): Promise<Answer> {
  const role = options.role as Role | undefined
  const holders = (await holdersOf(shell)).filter(one => role === undefined || one.role === wire[role])
  const rows = holders.map(one => [
    typed.get(one.role) ?? one.role,
    one.principal.name,
    one.principal.kind,
    one.by?.name ?? '-',
    one.at ?? '-',
  ])
  return {
    value: { holders },
    lines: rows.length === 0 ? [] : tableLines([['ROLE', 'HOLDER', 'KIND', 'GIVEN BY', 'AT'], ...rows]),
  }
}
