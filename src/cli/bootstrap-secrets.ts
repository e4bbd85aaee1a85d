import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { keyFilesOf, passwordFilesOf } from '../topology/steps.ts'
import { account, environmentFile } from '../topology/unit.ts'
import { type Doing, ownerOf, type Site } from './bootstrap-doing.ts'
import { readReference } from './secret-reference.ts'
import { writeWhole } from './whole-file.ts'

/** Passwords and keys: looked at; with --make-secrets the passwords of database roles are made where they are missing. */
export function secretsDoing(site: Site): Doing {
  const { plan, makeSecrets } = site
  const files = [...passwordFilesOf(plan), ...keyFilesOf(plan)]
  const names = plan.processes.flatMap(({ secrets }) => secrets.map(({ reference }) => reference)).filter(isName)
  const configs = [...new Set(plan.processes.flatMap(({ settings }) => settings.directoryConfig ?? []))]
  const roles = rolesOf(site)
  const missing = async () => {
    const absent = await Promise.all(files.map(async file => ((await isClosed(file)) ? [] : [file])))
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
      for (const reference of names) readReference(reference, site.env)
      for (const file of configs) await requireReadable(file, site)
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

/** Files that hold the password of a role of a database, and which role that is. */
function rolesOf({ plan }: Site): Map<string, string> {
  const all = plan.processes.flatMap(({ databases }) => databases)
  return new Map(
    all.flatMap(({ hosts, user, password, what }) =>
      password?.startsWith('file:') && what !== 'PersistentChatStore, backup'
        ? [[password.slice('file:'.length), `${user} on ${hosts.join()}`] as const]
        : [],
    ),
  )
}

/** False where it is not there; throws where others than root may read it, or it is empty. */
async function isClosed(file: string): Promise<boolean> {
  const seen = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!seen) return false
  if (!seen.isFile()) throw new Error(`${file} is no file. Put one there.`)
  if (seen.size === 0) throw new Error(`${file} is empty. Write what belongs there.`)
  const mode = (seen.mode & 0o777).toString(8)
  if (seen.uid === 0 && (seen.mode & 0o077) === 0) return true
  throw new Error(
    `${file} may be read by others than root (mode ${mode}, owner ${seen.uid}). Run chown root:root and chmod 600 on it, and think of it as known where somebody could have read it.`,
  )
}

/** The configuration of the directory is opened by the servers themselves, and holds a password. */
async function requireReadable(file: string, { machine }: Site): Promise<void> {
  const seen = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${file} cannot be read (${error.code}). Put it there: docs/directory.md.`)
  })
  const mend = `Run chown root:${account} and chmod 640 on it.`
  if ((seen.mode & 0o007) !== 0) throw new Error(`${file} may be read by everybody on this machine. ${mend}`)
  // Before the account is there, nobody can tell whose it is.
  const owner = await ownerOf(machine, account).catch(() => undefined)
  const isTheirs = seen.uid === owner?.uid || (seen.gid === owner?.gid && (seen.mode & 0o040) !== 0)
  if (owner && !isTheirs) throw new Error(`${account} cannot read ${file}. ${mend}`)
}

/** The variables that services get from the file of the environment; none where it is not there. */
export async function readEnvironmentFile(): Promise<NodeJS.ProcessEnv> {
  const lines = await readFile(environmentFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const pairs = lines.split('\n').flatMap(line => {
    const [, name, value] = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line) ?? []
    return name === undefined ? [] : [[name, value!.trim().replace(/^(["'])(.*)\1$/, '$2')] as const]
  })
  return Object.fromEntries(pairs)
}
