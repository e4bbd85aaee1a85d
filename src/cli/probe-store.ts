import type { Db } from '../store/db.ts'
import { lookAtStore, readStoreFacts, type StoreFacts } from '../store/doctor.ts'
import { readClock } from '../store/server.ts'
import { bytes, type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { connectionsFor } from './store-connection.ts'

export type Host = { name: string; db: Db; backup: boolean }
export type SeenHost = { checks: Check[]; facts: StoreFacts | undefined }

/** Version, durability, connections and clock of one host; `workers` processes will serve on it from here. */
export async function checkHost({ name, db }: Host, workers: number): Promise<SeenHost> {
  let facts: StoreFacts | undefined
  let offsetMs = 0
  let slackMs = 0
  const reached = await look(
    'store',
    name,
    'PostgreSQL 15 or later',
    'Check address, password, pg_hba.conf and firewalls between.',
    async () => {
      // Connecting takes its time, and is not the clock's.
      await readClock(db)
      const askedAt = Date.now()
      const clock = await readClock(db)
      slackMs = (Date.now() - askedAt) / 2
      offsetMs = clock.getTime() - askedAt - slackMs
      facts = await lookAtStore(db, readStoreFacts)
      const { version, versionNumber, isStandBy, bytes: size } = facts
      const found = `PostgreSQL ${version}, ${isStandBy ? 'stand-by' : 'primary'}, ${bytes(size)}`
      return versionNumber < 150_000
        ? fault(found, 'PostgreSQL 15 or later', 'Upgrade it.')
        : ok(found, 'PostgreSQL 15 or later')
    },
  )
  if (!facts) return { checks: [reached], facts }
  const checks = [reached, { area: 'store', check: `${name}: durability`, ...seeDurability(facts) }]
  checks.push({ area: 'store', check: `${name}: connections`, ...seeConnections(facts, workers) })
  checks.push({ area: 'store', check: `${name}: clock`, ...seeClock(offsetMs, slackMs) })
  return { checks, facts }
}

function seeDurability({ settings }: StoreFacts): Seen {
  const names = ['fsync', 'full_page_writes', 'synchronous_commit'] as const
  const found = names.map(name => `${name} ${settings[name]}`).join(', ')
  const wanted = 'all on: an acknowledged post is on disk'
  const off = names.filter(name => settings[name] === 'off')
  return off.length > 0
    ? fault(found, wanted, `Set ${off.map(name => `${name} = on`).join(', ')} in postgresql.conf.`)
    : ok(found, wanted)
}

function seeConnections({ settings, connections }: StoreFacts, workers: number): Seen {
  const most = Number(settings.max_connections)
  const needed = connectionsFor(workers) - 16 * workers
  const found = `${connections} of ${most} in use`
  const wanted = `room for ${16 * workers} of this server, those of the others, and 10`
  if (most < needed) return fault(found, wanted, 'Raise max_connections: 16 for each process that serves, and 10.')
  return connections > most * 0.9
    ? warning(found, wanted, 'Raise max_connections: 16 for each process that serves, and 10.')
    : ok(found, wanted)
}

function seeClock(offsetMs: number, slackMs: number): Seen {
  const found = `${offsetMs < 0 ? 'behind' : 'ahead'} by ${(Math.abs(offsetMs) / 1000).toFixed(2)} s (± ${(slackMs / 1000).toFixed(2)} s)`
  const wanted = 'within 1 s of this machine'
  const mend = 'Let both machines set their clocks by the same time servers (chrony, systemd-timesyncd).'
  const off = Math.abs(offsetMs) - slackMs
  if (off > 30_000) return fault(found, wanted, mend)
  return off > 1_000 ? warning(found, wanted, mend) : ok(found, wanted)
}

/** Of the hosts of one store: one takes writes, the others confirm. */
export function checkPair(facts: StoreFacts[]): Check {
  const primaries = facts.filter(one => !one.isStandBy)
  const wanted = 'one primary whose stand-by confirms each commit'
  const state = (seen: Seen): Check => ({ area: 'store', check: 'fail-over', ...seen })
  const mend = 'See docs/high-availability.md.'
  if (primaries.length !== 1) return state(fault(`${primaries.length} primaries`, wanted, mend))
  const { standBys, settings } = primaries[0]!
  const sync = standBys.filter(one => one.sync === 'sync' || one.sync === 'quorum')
  if (sync.length > 0) return state(ok(sync.map(one => `${one.name} ${one.state}, ${one.sync}`).join('; '), wanted))
  const found = `no stand-by confirms; synchronous_standby_names is "${settings.synchronous_standby_names}"`
  return state(warning(found, wanted, `A fail-over may lose what was acknowledged. ${mend}`))
}
