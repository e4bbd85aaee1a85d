import { Refusal } from '../../protocol/error.ts'
import type { PoolView } from '../../protocol/pool-verbs.ts'
import type { Result } from '../../protocol/request.ts'
import { Misuse } from './fault.ts'
import { tableLines } from './table.ts'
import { choice, list, wildcard } from './values.ts'
import type { Answer, Change, Given, Plan, Shell, ShellVerb } from './verb.ts'

export const poolVerbs: ShellVerb[] = [
  {
    path: ['active-server', 'set'],
    text: 'say which servers take new sessions',
    about: `At most four. The others are on stand-by and keep the sessions that they have. Every server knows within a second or two. pchat pool
active-servers does the same by way of the store alone.`,
    argument: { name: 'pool', text: 'there is one pool behind an address; the name is not looked at', required: false },
    options: [
      list('active-servers', 'names of the servers'),
      { name: 'active-servers-none', text: 'nobody takes new sessions ($Null)' },
      { name: 'swap', text: 'those on stand-by instead of the active ones' },
    ],
    cmdlet: 'Set-CsPersistentChatActiveServer',
    examples: ['pchat active-server set --active-servers chat1,chat2', 'pchat active-server set --swap --what-if'],
    plan: planActive,
  },
  {
    path: ['state', 'get'],
    text: 'show the state of the pool and its servers',
    argument: { name: 'server', text: 'name of one server', required: false },
    options: [{ name: 'filter', value: '<pattern>', text: 'pattern of the name, such as "chat*"' }],
    cmdlet: 'Get-CsPersistentChatState',
    examples: ['pchat state get', 'pchat state get --filter "london*" --json'],
    get: getState,
  },
  {
    path: ['state', 'set'],
    text: 'say on which store the pool runs',
    about: `normal: on its own store; failed-over: on that of its other site, which the servers know by --backup-database-url. It is for every
server of the pool. Default: normal.`,
    argument: { name: 'pool', text: 'there is one pool behind an address; the name is not looked at', required: false },
    options: [choice('pool-state', 'normal or failed-over', ['normal', 'failed-over'], { failedover: 'failed-over' })],
    cmdlet: 'Set-CsPersistentChatState',
    examples: ['pchat state set --pool-state failed-over --what-if', 'pchat state set --pool-state normal'],
    plan: planState,
  },
  {
    path: ['pool', 'list'],
    text: 'show the pools of the organisation',
    about: `Rooms never span them. HERE is the pool of the server that is asked; rooms of its site are made in the one that says so. Another one is
opened by the sign-in at this one: pchat sign-in --pool NAME. Nothing is shown where there is one pool, or where the store is asked.`,
    examples: ['pchat pool list', 'pchat pool list --server https://chat.example.com --json'],
    get: listPools,
  },
]

async function poolOf(shell: Shell): Promise<PoolView> {
  return (await shell.call<{ pool: PoolView }>('pool.get', {})).pool
}

async function planActive(shell: Shell, { options }: Given): Promise<Plan> {
  const { activeServers, activeServersNone, swap } = options as {
    activeServers?: string[]
    activeServersNone?: boolean
    swap?: boolean
  }
  if ([activeServers, activeServersNone, swap].filter(one => one !== undefined).length !== 1)
    throw new Misuse('Give one of --active-servers NAMES, --active-servers-none and --swap.')
  const pool = await poolOf(shell)
  const { servers } = pool
  const names = new Set(servers.map(one => one.name))
  const strange = activeServers?.find(name => !names.has(name))
  if (strange !== undefined)
    throw new Misuse(`There is no server "${strange}". Its pool has ${[...names].join(', ') || 'none'}.`)
  const wanted = (name: string, active: boolean) => (swap ? !active : (activeServers ?? []).includes(name))
  const changes: Change[] = servers
    .filter(one => wanted(one.name, one.active) !== one.active)
    .map(one => ({ what: `server ${one.name}`, change: 'role', now: role(one.active), after: role(!one.active) }))
  // By their names: what was shown is what is done, also where nobody answered and it is asked again.
  const active = servers.filter(one => wanted(one.name, one.active)).map(one => one.name)
  if (swap && active.length === 0)
    throw new Refusal('invalid_argument', 'No server is on stand-by, so there is nobody to swap with. Start one first.')
  return {
    changes,
    apply: async () => ({
      value: changes.length === 0 ? { pool } : await shell.call('pool.update', { activeServers: active }),
    }),
  }
}

function role(active: boolean): string {
  return active ? 'active' : 'stand-by'
}

async function getState(shell: Shell, { identity, options }: Given): Promise<Answer> {
  const pool = await poolOf(shell)
  const fits = wildcard(identity ?? (options.filter as string | undefined) ?? '*')
  const servers = pool.servers.filter(one => fits(one.name))
  const rows = servers.map(one => [one.name, role(one.active), one.alive ? 'yes' : 'no', `${one.sessions}`])
  return {
    value: { pool: { ...pool, servers } },
    lines: [`State: ${pool.state}`, ...tableLines([['SERVER', 'ROLE', 'RUNS', 'SESSIONS'], ...rows])],
  }
}

async function listPools(shell: Shell): Promise<Answer> {
  const value = await shell.call<Result<'pool.list'>>('pool.list', {})
  const rows = value.pools.map(one => [
    ...[one.name, one.displayName, one.url, one.own ? 'here' : ''],
    one.default ? 'made here' : '',
  ])
  const head = ['NAME', 'DISPLAY NAME', 'ADDRESS', 'HERE', 'ROOMS OF THIS SITE']
  return { value, lines: rows.length === 0 ? ['There is one pool.'] : tableLines([head, ...rows]) }
}

async function planState(shell: Shell, { options }: Given): Promise<Plan> {
  const { poolState = 'normal' } = options as { poolState?: string }
  const pool = await poolOf(shell)
  const isSo = pool.state === poolState
  return {
    changes: isSo ? [] : [{ what: 'pool', change: 'state', now: pool.state, after: poolState }],
    apply: async () => ({ value: isSo ? { pool } : await shell.call('pool.update', { state: poolState }) }),
  }
}
