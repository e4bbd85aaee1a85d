import { realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ProcessPlan, ServerPlan } from '../topology/plan.ts'
import { account } from '../topology/unit.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'

/** The files that the addresses of databases name: certificates of authorities. Servers read them themselves, as who they run as. */
export function authorityFiles({ settings }: ProcessPlan): string[] {
  const { databaseUrl, backupDatabaseUrl, complianceDatabaseUrl } = settings
  const found = [databaseUrl, backupDatabaseUrl, complianceDatabaseUrl].flatMap(
    address => /[?&]sslrootcert=([^&]+)/.exec(address ?? '')?.[1] ?? [],
  )
  return found.map(decodeURIComponent)
}

/** Root reads everything; whether the account of the servers does is told by modes, along the whole path. */
export function checkAuthorities({ processes }: ServerPlan): Promise<Check[]> {
  const mend = 'Put the certificate of the authority there, or mend caFile in the topology.'
  const files = [...new Set(processes.flatMap(authorityFiles))]
  return Promise.all(
    files.map(file => look('certificate', file, openWanted, mend, async () => seeOpen(await wayTo(file)))),
  )
}

const openWanted = `${account} reads it`

export type Stop = { path: string; mode: number; uid: number; gid: number }

/** The folders above, where links lead to as well, and at last the file. */
async function wayTo(file: string): Promise<Stop[]> {
  const real = await realpath(file)
  const folders = new Set([...foldersAbove(resolve(file)), ...foldersAbove(real)])
  const stops = await Promise.all([...folders, real].map(async path => ({ path, ...(await stat(path)) })))
  return stops.map(({ path, mode, uid, gid }) => ({ path, mode, uid, gid }))
}

function foldersAbove(path: string): string[] {
  const above = dirname(path)
  return above === path ? [] : [...foldersAbove(above), above]
}

/** What root alone has is closed to the account for certain; of what somebody else has, the account may be that one. */
export function seeOpen(way: Stop[]): Seen {
  const needed = (i: number) => (i === way.length - 1 ? 0o4 : 0o1)
  const closed = way.filter(({ mode }, i) => (mode & needed(i)) === 0)
  if (closed.length === 0) return ok(way.at(-1)!.path, openWanted)
  const found = `closed to others: ${closed.map(({ path, mode }) => `${path} (mode ${(mode & 0o777).toString(8)})`).join(', ')}`
  const mend = `Let ${account} read the file and go through its folders, or put it where all may, such as /etc/pchat.`
  return closed.some(({ uid, gid }) => uid === 0 && gid === 0)
    ? fault(found, openWanted, mend)
    : warning(found, openWanted, mend)
}
