import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { operator } from '../domain/operator.ts'
import { audit } from '../store/audit.ts'
import { type Connection, type Db, transaction, tryOut } from '../store/db.ts'
import {
  type PoolState,
  readClock,
  readPool,
  removeServer,
  type SeenPool,
  setActiveServers,
  setPoolState,
  swapActiveServers,
} from '../store/server.ts'
import type { Change } from './shell/verb.ts'
import { onStore, printTable, printWhatIf, type StoreOptions, withStore, withWhatIf } from './store-verb.ts'

type PoolOptions = StoreOptions & { none?: boolean; whatIf?: boolean }

const examples = `
Examples:
  $ pchat pool state --database-url postgres://pchat@db1,db2/pchat
  $ pchat pool active-servers set chat1 chat2 chat3
  $ pchat pool active-servers swap --what-if`

/** How long a change waits to be heard by the servers that run; they look each second. */
const heardWithinMs = 8_000

/** `pchat pool`: by way of the store, so that it works whichever servers run. */
export function addPool(program: Command): void {
  const pool = program
    .command('pool')
    .description('show and change which servers of a pool serve')
    .addHelpText('after', examples)
  withStore(pool.command('state').description('servers of the pool, who takes sessions, who runs')).action(
    (options: PoolOptions) => onStore(options, db => show(db, options)),
  )
  const active = pool
    .command('active-servers')
    .description('who takes new sessions; the others keep those that they have')
  withWhatIf(active.command('set').description('exactly these servers, at most four'))
    .argument('[names...]', 'names of servers')
    .option('--none', 'nobody takes new sessions')
    .action((names: string[], options: PoolOptions, command: Command) => {
      if ((names.length === 0) !== (options.none === true))
        command.error('error: Name the servers that are to be active, or say --none.')
      return change(options, 'activeServers', names.join(' '), tx => setActiveServers(tx, names))
    })
  withWhatIf(active.command('swap').description('those on stand-by instead of the active ones')).action(
    (options: PoolOptions) => change(options, 'swap', '', swapActiveServers),
  )
  for (const [state, text] of [
    ['normal', 'the pool runs on its own store'],
    [
      'failed-over',
      'the pool runs on the store of its other site (--backup-database-url of its servers); say so there',
    ],
  ] as const satisfies [PoolState, string][])
    withWhatIf(pool.command(state).description(text)).action((options: PoolOptions) =>
      change(options, 'state', state, tx => setPoolState(tx, state)),
    )
  withWhatIf(pool.command('remove-server').description('forget a server that does not run any more'))
    .argument('<name>', 'its name')
    .action((name: string, options: PoolOptions) => change(options, 'removeServer', name, tx => removeServer(tx, name)))
}

/** Whoever has the store's password is the operator, and the record calls him so. */
function change(
  options: PoolOptions,
  action: string,
  detail: string,
  work: (tx: Connection) => Promise<unknown>,
): Promise<void> {
  return onStore(options, async db => {
    if (options.whatIf) return printWhatIf(options, await tryOut(db, tx => changesOf(tx, work)))
    const changedAt = await transaction(db, async tx => {
      await work(tx)
      await audit(tx, operator.id, 'pool.update', 'pool', { [action]: detail })
      return readClock(tx)
    })
    await heard(db, changedAt)
    await show(db, options)
  })
}

async function changesOf(tx: Connection, work: (tx: Connection) => Promise<unknown>): Promise<Change[]> {
  const before = await readPool(tx)
  await work(tx)
  const after = await readPool(tx)
  const servers = before.servers.flatMap(({ name, active }) => {
    const now = role(active)
    const left = after.servers.find(one => one.name === name)
    if (left === undefined) return [{ what: `server ${name}`, change: 'remove', now, after: '' }]
    return left.active === active ? [] : [{ what: `server ${name}`, change: 'role', now, after: role(left.active) }]
  })
  if (before.state === after.state) return servers
  return [...servers, { what: 'pool', change: 'state', now: before.state, after: after.state }]
}

function role(active: boolean): string {
  return active ? 'active' : 'stand-by'
}

/** Until all that run have looked since: then it is in force. */
async function heard(db: Db, changedAt: Date): Promise<void> {
  const deadline = Date.now() + heardWithinMs
  const isDeaf = (pool: SeenPool) =>
    pool.servers.some(server => server.processes.some(one => one.alive && one.beatAt <= changedAt))
  while (isDeaf(await readPool(db))) {
    if (Date.now() > deadline) return console.error('pchat: not all servers have answered; see who runs below.')
    await sleep(200)
  }
}

async function show(db: Db, { json }: PoolOptions): Promise<void> {
  const pool = await readPool(db)
  if (json) return console.log(JSON.stringify(pool, null, 2))
  console.log(`State: ${pool.state}`)
  const rows = pool.servers.map(({ name, active, processes }) => {
    const alive = processes.filter(one => one.alive)
    const sessions = alive.reduce((sum, one) => sum + one.sessions, 0)
    const runs = alive.length === 0 ? 'no' : alive.some(one => one.draining) ? 'going away' : `${alive.length}`
    return [
      name,
      role(active),
      runs,
      `${sessions}`,
      distinct(alive.map(one => one.program)),
      distinct(alive.map(one => one.url)),
    ]
  })
  printTable([['SERVER', 'ROLE', 'PROCESSES', 'SESSIONS', 'PROGRAM', 'ADDRESS'], ...rows])
}

function distinct(texts: string[]): string {
  return [...new Set(texts)].join(' ')
}
