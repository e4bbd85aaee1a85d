import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ServerPlan } from '../topology/plan.ts'
import { keyFilesOf, passwordFilesOf, references } from '../topology/steps.ts'
import { account, environmentFile } from '../topology/unit.ts'
import { requireClosedKey } from './bootstrap-certificate.ts'
import { type Doing, type Machine, openMachine, ownerOf, type Site } from './bootstrap-doing.ts'
import { type Check, fault, look, ok } from './doctor-check.ts'
import { isThere } from './probe-folder.ts'
import { readReference } from './secret-reference.ts'
import { writeWhole } from './whole-file.ts'

/** Every password, key and configuration that the plan names, each once, and the file of the environment: judged as the steps do. */
export async function checkSecrets(
  plan: ServerPlan,
  env: NodeJS.ProcessEnv,
  machine = openMachine(),
): Promise<Check[]> {
  const see = (check: string, wanted: string, judge: () => Promise<boolean | undefined>) =>
    look('secrets', check, wanted, 'See the message.', async () =>
      (await judge()) === false
        ? fault('not there (ENOENT)', wanted, 'Put it there, mode 600 and owned by root.')
        : ok('as it should be', wanted),
    )
  const { from, keyFile } = plan.certificate
  const hasKey = (from === 'files' || from === 'authority') && (await isThere(keyFile))
  return Promise.all([
    ...references(plan).map(one => see(one, closedWanted, () => requireReference(one, env))),
    ...keyFilesOf(plan).map(file => see(file, closedWanted, () => requireClosed(file))),
    ...(hasKey ? [see(keyFile, closedWanted, () => requireClosedKey(keyFile))] : []),
    ...configsOf(plan).map(file => see(file, `there, read by ${account}`, () => requireReadable(file, machine))),
    ...((await isThere(environmentFile))
      ? [see(environmentFile, closedWanted, () => requireClosed(environmentFile))]
      : []),
  ])
}

const closedWanted = 'there, not empty, read by root alone'

/** Passwords and keys: looked at; with --make-secrets the passwords of database roles are made where they are missing. */
export function secretsDoing(site: Site): Doing {
  const { plan, makeSecrets } = site
  const files = [...passwordFilesOf(plan), ...keyFilesOf(plan)]
  const roles = rolesOf(plan)
  const missing = async () => {
    const absent = await Promise.all(files.map(async file => ((await requireClosed(file)) ? [] : [file])))
    return absent.flat()
  }
  const wayOut = (file: string) =>
    roles.has(file)
      ? `Write it there, mode 600 and owned by root, or let it be made: --make-secrets.`
      : `Put it there, mode 600 and owned by root.`
  return {
    id: 'secrets',
    async look() {
      const absent = await missing()
      const lost = absent.find(file => !(makeSecrets && roles.has(file)))
      if (lost !== undefined) throw new Error(`${lost} is not there. ${wayOut(lost)}`)
      for (const one of references(plan).filter(isName)) await requireReference(one, site.env)
      for (const file of configsOf(plan)) await requireReadable(file, site.machine)
      return absent.length === 0
        ? { done: true, found: 'all there, read by root alone' }
        : { done: false, found: `to be made: ${absent.join(', ')}` }
    },
    async act() {
      for (const file of await missing()) {
        const folder = dirname(file)
        await stat(folder).catch(() => {
          throw new Error(`The folder ${folder} is not there. Make it, readable by root alone.`)
        })
        const role = roles.get(file)!
        // One role has one password, wherever it stands.
        const twin = [...roles].find(([other, name]) => name === role && other !== file)?.[0]
        const known = twin === undefined ? undefined : await readFile(twin, 'utf8').catch(() => undefined)
        await writeWhole(file, known ?? `${randomBytes(32).toString('base64url')}\n`, 0o600, { uid: 0, gid: 0 })
      }
    },
  }
}

const isName = (reference: string) => reference.startsWith('env:')
const configsOf = ({ processes }: ServerPlan) => [
  ...new Set(processes.flatMap(({ settings }) => settings.directoryConfig ?? [])),
]

/** Files that hold the password of a role of a database, and which role that is. */
export function rolesOf({ processes }: ServerPlan): Map<string, string> {
  const all = processes.flatMap(({ databases }) => databases)
  return new Map(
    all.flatMap(({ hosts, user, password, what }) =>
      password?.startsWith('file:') && what !== 'PersistentChatStore, backup'
        ? [[password.slice('file:'.length), `${user} on ${hosts.join()}`] as const]
        : [],
    ),
  )
}

/** What the service finds behind env:NAME or file:/path. False where a file is not there; `env` is what the service has. */
async function requireReference(reference: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!isName(reference)) {
    if (!(await requireClosed(reference.slice('file:'.length)))) return false
    readReference(reference, env)
    return true
  }
  const name = reference.slice('env:'.length)
  if (env[name]) return true
  throw new Error(
    `${name} is not in ${environmentFile}, from which the service has it. Write it there, as ${name}=… on a line; what is set in this shell reaches no service.`,
  )
}

/** False where it is not there; throws where others than root may read it, or it is empty. Variables there need be none. */
async function requireClosed(file: string): Promise<boolean> {
  const seen = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!seen) return false
  if (!seen.isFile()) throw new Error(`${file} is no file. Put one there.`)
  if (seen.size === 0 && file !== environmentFile) throw new Error(`${file} is empty. Write what belongs there.`)
  const mode = (seen.mode & 0o777).toString(8)
  if (seen.uid === 0 && (seen.mode & 0o077) === 0) return true
  throw new Error(
    `${file} may be read by others than root (mode ${mode}, owner ${seen.uid}). Run chown root:root and chmod 600 on it, and think of it as known where somebody could have read it.`,
  )
}

/** The configuration of the directory is opened by the servers themselves, and holds a password. */
async function requireReadable(file: string, machine: Machine): Promise<undefined> {
  const seen = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${file} cannot be read (${error.code}). Put it there: docs/directory.md.`)
  })
  const mend = `Run chown root:${account} and chmod 640 on it.`
  if ((seen.mode & 0o007) !== 0) throw new Error(`${file} may be read by everybody on this machine. ${mend}`)
  // Before the account is there, nobody can tell whose it is.
  const owner = await ownerOf(machine, account).catch(() => undefined)
  const isTheirs = seen.uid === owner?.uid || (seen.gid === owner?.gid && (seen.mode & 0o040) !== 0)
  if (owner && !isTheirs) throw new Error(`${account} cannot read ${file}. ${mend}`)
  return undefined
}

/** The variables that services get: those of the file of the environment, and not those of whoever runs this. None where it is not there. */
export async function readEnvironmentFile(): Promise<NodeJS.ProcessEnv> {
  return variablesOfServices()
}

function variablesOfServices(): NodeJS.ProcessEnv {
  const pairs = linesOf(environmentFile).flatMap(line => {
    const [, name, value] = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line) ?? []
    return name === undefined ? [] : [[name, value!.trim().replace(/^(["'])(.*)\1$/, '$2')] as const]
  })
  return Object.fromEntries(pairs)
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** For who may not read that file, too: where one of its variables is asked for, that is told. */
export function seenEnvironment(): NodeJS.ProcessEnv {
  try {
    return variablesOfServices()
  } catch (error) {
    const get = () => {
      throw error
    }
    return new Proxy({}, { get })
  }
}
