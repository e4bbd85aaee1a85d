import { splitHosts } from '../store/address.ts'
import type { ServerPlan } from '../topology/plan.ts'
import { databasesOf } from '../topology/steps.ts'
import { Misuse } from './shell/fault.ts'

/** Addresses of administrators of databases, encrypted where the topology has it so. */
export function adminUrlsOf(given: string[] = [], plan: ServerPlan, env: NodeJS.ProcessEnv): string[] {
  // A password on a command line is read by everybody on the machine.
  for (const one of given)
    if (URL.parse(one)?.password)
      throw new Misuse(
        '--admin-url is seen by everybody on this machine. Leave its password out, and put it into ~/.pgpass of root or into PCHAT_ADMIN_URL.',
      )
  const all = [...given, ...(env.PCHAT_ADMIN_URL ?? '').split(/\s+/).filter(Boolean)]
  for (const one of all)
    if (!/^postgres(ql)?:$/.test(URL.parse(one)?.protocol ?? '') || !splitHosts(one))
      throw new Misuse('The address of an administrator is one such as postgres://postgres@db1:5432/postgres.')
  return all.map(one => encrypted(one, plan))
}

/** As the hosts of a database are named in a plan. */
export function placeOf(adminUrl: string): string {
  const { hostname, port } = new URL(adminUrl)
  return `${hostname}:${port || 5432}`
}

/** An administrator's password is worth more than that of a server: it travels no less guarded. */
function encrypted(adminUrl: string, plan: ServerPlan): string {
  const database = databasesOf(plan).find(({ hosts, query }) => query !== '' && hosts.includes(placeOf(adminUrl)))
  if (!database) return adminUrl
  const url = new URL(adminUrl)
  const asked = url.searchParams
  if (!strong.test(asked.get('sslmode') ?? '') || asked.has('ssl') || asked.has('uselibpqcompat'))
    throw new Misuse(
      `The address of the administrator of ${placeOf(adminUrl)} asks for less than the topology, which has tls there. Leave sslmode, ssl and uselibpqcompat out of it: how it is encrypted is taken from the topology.`,
    )
  for (const [name, value] of new URLSearchParams(database.query))
    if (name === 'sslmode' || !asked.has(name)) asked.set(name, value)
  return url.href
}

const strong = /^(|require|verify-ca|verify-full)$/
