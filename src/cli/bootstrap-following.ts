import { stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { withoutPassword } from '../store/address.ts'
import type { ServerPlan } from '../topology/plan.ts'
import { secretVariables } from '../topology/secret.ts'
import { account, environmentFile } from '../topology/unit.ts'
import { readEnvironmentFile } from './bootstrap-secrets.ts'
import { type Check, fault, look, ok, type Seen, sentence, warning } from './doctor-check.ts'

const wanted = 'the servers of this machine follow the Central Management Store'

/** The variables with the store that --cms names: what looks at the machine finds it where PCHAT_CMS would have it. */
export function withCms(env: NodeJS.ProcessEnv, cms: string | undefined): NodeJS.ProcessEnv {
  return cms === undefined ? env : { ...env, PCHAT_CMS: cms }
}

/** A topology is published, and a unit has no address of where: the administrator's file of variables does, or nobody follows. */
export async function checkFollowing(plan: ServerPlan, { PCHAT_CMS: cms }: NodeJS.ProcessEnv): Promise<Check[]> {
  let named: NodeJS.ProcessEnv
  try {
    named = await readEnvironmentFile()
  } catch (error) {
    if (cms === undefined) return []
    const seen = fault(sentence(error), wanted, `Mend ${environmentFile}: it is of root, mode 600.`)
    return [{ area: 'topology', check: 'following', ...seen }]
  }
  const follows = named.PCHAT_TOPOLOGY !== undefined
  const following = cms === undefined && !follows ? [] : [seeFollowing(plan, named, cms)]
  const secrets = [secretVariables.topology, secretVariables.cms].flatMap(name => {
    const file = /^file:(\/.+)$/s.exec(named[name] ?? '')?.[1]
    return file === undefined ? [] : [{ name, file }]
  })
  return [
    ...following.map(seen => ({ area: 'topology', check: 'following', ...seen })),
    ...(await Promise.all(
      secrets.map(({ name, file }) =>
        look('secrets', name, secretWanted, `Write the password into ${file}.`, () => seeOwn(file)),
      ),
    )),
  ]
}

function seeFollowing(plan: ServerPlan, named: NodeJS.ProcessEnv, cms: string | undefined): Seen {
  const { PCHAT_TOPOLOGY: place, PCHAT_SERVER: server } = named
  const missing = isNameless(plan) && server !== plan.fqdn ? [`PCHAT_SERVER=${plan.fqdn}`] : []
  const restart = 'Where they run already: systemctl restart pchat.target.'
  if (place !== undefined && missing.length === 0) return ok(`PCHAT_TOPOLOGY in ${environmentFile}`, wanted)
  if (place !== undefined)
    return fault(
      `this machine calls itself ${server ?? hostname()}, and ${plan.fqdn} in the topology: they would not find themselves in it, nor start`,
      wanted,
      `Write ${missing.join()} into ${environmentFile}. ${restart}`,
    )
  const lines = [
    ...[`PCHAT_TOPOLOGY='${withoutPassword(cms!)}'`, 'PCHAT_TOPOLOGY_SECRET=file:/etc/pchat/reader.secret'],
    ...missing,
  ]
  return warning(
    `${environmentFile} names no PCHAT_TOPOLOGY: they keep no replica, and hear of no publication`,
    wanted,
    `Write ${lines.join(', ')} into it, a line each (mode 600), as the role that only reads; the password into that file, for ${account} to read (chown root:${account}, chmod 640). ${restart}`,
  )
}

/** Its unit names no server: the machine's own name is to be the one in the topology. */
function isNameless({ fqdn, processes }: ServerPlan): boolean {
  return hostname() !== fqdn && processes.some(({ settings }) => settings.server === undefined)
}

const secretWanted = `${account} reads it, and nobody else`

/** Unlike those of the topology it is not handed over by systemd: the service itself opens it. */
async function seeOwn(file: string): Promise<Seen> {
  const { uid, gid, mode } = await stat(file)
  const found = `${file}, mode ${(mode & 0o777).toString(8)}`
  const mend = `Run chown root:${account} and chmod 640 on it, once the account is there; then systemctl restart pchat.target.`
  if ((mode & 0o007) !== 0) return warning(`${found}: others may read it`, secretWanted, mend)
  const isOfRoot = uid === 0 && (gid === 0 || (mode & 0o040) === 0)
  return isOfRoot ? warning(`${found}: of root alone`, secretWanted, mend) : ok(found, secretWanted)
}
