import { constants, mkdir, open, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../base/sync-folder.ts'
import type { ServerPlan } from '../topology/plan.ts'
import { account, accountNote, foldersOf } from '../topology/unit.ts'
import { type Doing, entryOf, ownerOf, type Site } from './bootstrap-doing.ts'
import type { Owner } from './whole-file.ts'

/** The account of the servers. Group and user each are made by one program, so that a second run finds either. */
export function accountDoing({ machine, uid }: Site): Doing {
  const number = (flag: string) => (uid === undefined ? [] : [flag, String(uid)])
  return {
    id: 'account',
    async look() {
      const user = await entryOf(machine, 'passwd', account)
      if (!user) return { done: false, found: 'not there yet' }
      if (uid !== undefined && user[2] !== String(uid))
        throw new Error(
          `The account ${account} has the number ${user[2]}, and --uid says ${uid}. Files are owned by numbers: leave --uid out, or give the account that one (usermod --uid) and its folders with it.`,
        )
      return { done: true, found: `number ${user[2]}` }
    },
    async act() {
      if (!(await entryOf(machine, 'group', account)))
        await machine.run('groupadd', ['--system', ...number('--gid'), account])
      await machine.run('useradd', [
        ...['--system', ...number('--uid'), '--gid', account, '--no-create-home', '--home-dir', '/nonexistent'],
        ...['--shell', '/usr/sbin/nologin', '--comment', accountNote, account],
      ])
    },
  }
}

type Folder = { path: string; mode: number; ofRoot: boolean }

/** Those that the machine's servers write in, and the one of its settings. */
export function plannedFolders({ processes }: ServerPlan): Folder[] {
  const own = [...new Set(processes.map(({ settings }) => settings.dataDir!))]
  const shared = [...new Set(processes.flatMap(foldersOf))].filter(one => !own.includes(one))
  return [
    { path: '/etc/pchat', mode: 0o755, ofRoot: true },
    ...own.map(path => ({ path, mode: 0o711, ofRoot: false })),
    ...shared.map(path => ({ path, mode: 0o750, ofRoot: false })),
  ]
}

export function foldersDoing({ plan, machine, uid }: Site): Doing {
  const folders = plannedFolders(plan)
  const missing = async () => {
    const entry = await entryOf(machine, 'passwd', account)
    // Before the account is there its number is known where somebody says it: a folder that machines share is theirs already.
    const toCome = uid === undefined ? undefined : { uid, gid: uid }
    const owner = entry ? { uid: Number(entry[2]), gid: Number(entry[3]) } : toCome
    const seen = await Promise.all(folders.map(async one => ((await isWell(one, owner)) ? [] : [one.path])))
    return seen.flat()
  }
  return {
    id: 'folders',
    async look() {
      const paths = await missing()
      return paths.length === 0
        ? { done: true, found: folders.map(({ path }) => path).join(', ') }
        : { done: false, found: `to be made: ${paths.join(', ')}` }
    },
    async act() {
      const owner = await ownerOf(machine, account)
      const paths = await missing()
      for (const one of folders.filter(({ path }) => paths.includes(path)))
        await makeFolder(one, one.ofRoot ? { uid: 0, gid: 0 } : owner)
    },
  }
}

/** What a check writes and takes away again, here or on another machine that mounts the folder: see tryFolder and bootstrap-files.ts. */
const passing = /^(doctor-|\.pchat-check-)[\da-f-]{36}/

/** True where it is as it should be, false where it can be made so; throws where it is somebody else's. */
async function isWell({ path, ofRoot }: Folder, owner: Owner | undefined): Promise<boolean> {
  const seen = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw powerless(path, error)
  })
  if (!seen) return false
  if (!seen.isDirectory()) throw new Error(`${path} is no folder. Move it away, or name another one in the topology.`)
  if (seen.uid === (ofRoot ? 0 : owner?.uid)) return true
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    // What root may not look into is somebody's.
    if (error.code === 'EACCES') return ['?']
    throw error
  })
  const inside = names.filter(name => name !== 'lost+found' && !passing.test(name))
  if (seen.uid === 0 && inside.length === 0) return false
  if (!ofRoot && owner === undefined)
    throw new Error(
      `${path} belongs to the number ${seen.uid} and is not empty, and the account ${account} is not there yet. Give it that number with --uid ${seen.uid}, if it is ${account} of other machines; else chown the folder, or name another one in the topology.`,
    )
  throw new Error(
    `${path} belongs to the number ${seen.uid}, not to ${ofRoot ? 'root' : account}, and is not empty. Look whose it is; then chown it, or name another folder in the topology.`,
  )
}

/** A file server may take root of its clients for nobody (root_squash of NFS). */
function powerless(path: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== 'EACCES' && error.code !== 'EPERM') return error
  return new Error(
    `${path} cannot be looked at, made or given to ${account} by root of this machine (${error.code}). Where it is on a file server, do it there: install -d -m 0750 -o NUMBER -g NUMBER, with the number of ${account}, in a folder that others may go through. Then run this again.`,
  )
}

async function makeFolder(folder: Folder, owner: Owner): Promise<void> {
  await makeAndGive(folder, owner).catch(error => {
    throw powerless(folder.path, error)
  })
}

/** The owner comes last: before that it is not done, whatever else was. */
async function makeAndGive({ path, mode }: Folder, { uid, gid }: Owner): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  // Where somebody else may put links beside it, none is followed.
  const above = await stat(dirname(path))
  const isSafe = above.uid === 0 && (above.mode & 0o022) === 0
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | (isSafe ? 0 : constants.O_NOFOLLOW)
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ELOOP' && error.code !== 'ENOTDIR') throw error
    throw new Error(
      `${path} is a link, in a folder that others than root may change. Name in the topology where it leads.`,
    )
  })
  try {
    await handle.chmod(mode)
    const seen = await handle.stat()
    if (seen.uid !== uid || seen.gid !== gid) await handle.chown(uid, gid)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await syncFolder(dirname(path))
}
