import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type FileHandle, open, readFile, realpath, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openDb } from '../store/db.ts'
import type { ServerPlan } from '../topology/plan.ts'
import type { Topology } from '../topology/schema.ts'
import type { ServerSettings } from '../topology/settings.ts'
import { bounded, filledSettings } from './bootstrap-stores.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { seeBucketMark, seeMark, tryBucket } from './doctor-parts.ts'
import type { StartOptions } from './options.ts'
import { isThere, nearestFolder, seeFolderSpace, tryFolder } from './probe-folder.ts'

type Store = { place: string; shared: boolean; alone: boolean; settings: ServerSettings; databaseAnswers: boolean }

/** Every file store of the plan: to write, rename and lock in, with space, and the one that the other servers see. */
export async function checkFiles(
  topology: Topology,
  { processes }: ServerPlan,
  env: NodeJS.ProcessEnv,
  stores: Check[],
): Promise<Check[]> {
  const found = new Map<string, Store>()
  for (const one of processes) {
    const pool = topology.persistentChatPools.find(({ fqdn }) => fqdn === one.pool)
    const shared = pool?.fileStore?.shared ?? false
    const hosts = one.databases.flatMap(({ what, hosts }) => (what === 'PersistentChatStore' ? hosts : []))
    const databaseAnswers = stores.some(({ check, state }) => hosts.includes(check) && state === 'ok')
    const alone = one.settings.databaseUrl === undefined
    const settings = filledSettings(one, env)
    // A Persistent Chat Server without the archive works on no files.
    if (one.fileStore === undefined) continue
    found.set(one.fileStore, { place: one.fileStore, shared, alone, settings, databaseAnswers })
  }
  const archiving = processes.filter(({ roles }) => roles.includes('compliance'))
  const kept = archiving.flatMap(({ settings: { complianceAnchors, complianceOutput } }) => [
    ...(complianceAnchors === undefined ? [] : [dirname(complianceAnchors)]),
    ...(complianceOutput === undefined ? [] : [complianceOutput]),
  ])
  return [
    ...(await Promise.all([...found.values()].map(checkStore))).flat(),
    ...(await Promise.all([...new Set(kept)].map(checkKept))),
  ]
}

const area = 'file store'
const mend = 'Mount it, or mend its place in the topology; look at its rights.'

async function checkStore(store: Store): Promise<Check[]> {
  const { place, shared } = store
  const see = (check: string, wanted: string, work: () => Promise<Seen>) =>
    look(area, `${place.replace(/\?.*/, '')}: ${check}`, wanted, mend, work, 20_000)
  const isBucket = place.startsWith('s3:')
  const options = { ...store.settings, fileStore: place } as StartOptions
  if (isBucket)
    return [
      await see('read and write', 'a bucket to write, read and remove in', () => tryBucket(options)),
      await see('same view', viewWanted, () => seeView(store, db => seeBucketMark(options, db))),
    ]
  return [
    ...(shared ? [await see('mount', mountWanted, () => seeMount(place))] : []),
    await see('write and rename', 'a folder to write, rename, read and remove in', () => tryFolder(place)),
    await see('lock', lockWanted, () => tryLock(place)),
    await see('same view', viewWanted, () => seeView(store, db => seeMark(place, db))),
    await see('space', '1 GB and a tenth free', () => seeFolderSpace(place)),
  ]
}

/** The heads of the archive, and what adapters write. */
function checkKept(folder: string): Promise<Check> {
  const wanted = 'a folder to write, rename, read and remove in'
  return look('compliance file store', folder, wanted, mend, () => tryFolder(folder), 20_000)
}

const viewWanted = 'the mark of the pool, which its store knows: what all its servers see'
type Db = ReturnType<typeof openDb>

/** The first server of a pool marks its file store and tells the store; whoever finds that mark sees what it sees. */
async function seeView(
  { settings, alone, databaseAnswers }: Store,
  look: (db: Db | undefined) => Promise<Seen>,
): Promise<Seen> {
  if (alone) return ok('of this machine alone', viewWanted)
  if (!databaseAnswers || settings.databaseUrl === undefined)
    return warning('not compared', viewWanted, 'The store, which knows it, does not answer: mend that first.')
  const db = openDb({ connectionString: settings.databaseUrl }, bounded)
  try {
    return await look(db)
  } finally {
    await db.end().catch(() => {})
  }
}

const mountWanted = 'a disk that all servers of the pool share, mounted here'

async function seeMount(place: string): Promise<Seen> {
  const nearest = await nearestFolder(place)
  return judgeMount(place, mountOf(await readMounts(), nearest))
}

const readMounts = () => readFile('/proc/self/mountinfo', 'utf8')

type Mount = { at: string; kind: string; source: string }

/** The mount that a path lies in (proc(5): mountinfo). */
export function mountOf(text: string, path: string): Mount | undefined {
  const mounts = text.split('\n').flatMap(line => {
    const [before = '', after] = line.split(' - ')
    const at = before.split(' ')[4]?.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
    const [kind = '', source = ''] = after?.split(' ') ?? []
    return at === undefined || after === undefined ? [] : [{ at, kind, source }]
  })
  const around = mounts.filter(({ at }) => path === at || path.startsWith(at.endsWith('/') ? at : `${at}/`))
  // Of several at one place the last one is seen.
  return around.reduce<Mount | undefined>(
    (best, one) => (best && best.at.length > one.at.length ? best : one),
    undefined,
  )
}

/** Whether a folder is where something is mounted, or on a disk that other machines may have, too. */
export async function mayBeShared(folder: string): Promise<boolean> {
  const path = await realpath(folder)
  return isShared(path, mountOf(await readMounts(), path))
}

export function isShared(path: string, mount: Mount | undefined): boolean {
  return mount === undefined || mount.at === path || /^(nfs|cifs|smb|fuse|ceph|glusterfs|9p|lustre)/.test(mount.kind)
}

export function judgeMount(place: string, mount: Mount | undefined): Seen {
  const found = mount ? `${mount.source} (${mount.kind}) on ${mount.at}` : 'unknown'
  if (mount && mount.at !== '/') return ok(found, mountWanted)
  return warning(
    `${found}: nothing is mounted at ${place}`,
    mountWanted,
    'Mount it. Where this machine is the one that gives it to the others, it may stay so.',
  )
}

const lockWanted = 'locks that hold between processes'

/** One process locks a file, another one is to be refused. The file is gone afterwards. */
export async function tryLock(folder: string): Promise<Seen> {
  if (!(await isThere(folder))) return ok(`${folder} is not there yet`, lockWanted)
  const path = join(folder, `.pchat-check-${randomUUID()}`)
  const first = await open(path, 'wx', 0o600)
  try {
    const second = await open(path, 'r+')
    try {
      const [taken, refused] = [await lockBy(first), await lockBy(second)]
      if (taken !== 0)
        return fault('no lock is given', lockWanted, 'Mount it with locks (NFS 4, or 3 with its lock service).')
      if (refused === 0) return fault('two have one lock', lockWanted, 'Mount it with locks (NFS: without nolock).')
      return ok('one has it, the other is refused', lockWanted)
    } finally {
      await second.close()
    }
  } finally {
    await first.close()
    await rm(path, { force: true })
  }
}

/** The lock is of the open file, which the process that asks for it shares: it stays when that has ended. */
async function lockBy(file: FileHandle): Promise<number | null> {
  const child = spawn('flock', ['--nonblock', '--conflict-exit-code', '75', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file.fd],
  })
  const [code] = (await once(child, 'exit').catch(error => {
    throw new Error(`The program flock (Debian package util-linux) is needed: ${error.message}`)
  })) as [number | null]
  return code
}
