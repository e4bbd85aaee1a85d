import { readFile, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openDb } from '../store/db.ts'
import type { ServerPlan } from '../topology/plan.ts'
import type { Topology } from '../topology/schema.ts'
import type { ServerSettings } from '../topology/settings.ts'
import { environmentFile } from '../topology/unit.ts'
import { bounded, filledSettings } from './bootstrap-stores.ts'
import { type Check, look, ok, type Seen, warning } from './doctor-check.ts'
import { seeBucketMark, seeMark, tryBucket } from './doctor-parts.ts'
import type { StartOptions } from './options.ts'
import { lockWanted, nearestFolder, seeFolderSpace, tryFolder, tryLock } from './probe-folder.ts'

type Store = {
  place: string
  shared: boolean
  alone: boolean
  settings: ServerSettings
  databaseAnswers: boolean
  /** Variables that the services get. */
  env: NodeJS.ProcessEnv
}

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
    found.set(one.fileStore, { place: one.fileStore, shared, alone, settings, databaseAnswers, env })
  }
  const archiving = processes.filter(({ roles }) => roles.includes('compliance'))
  const kept = archiving.flatMap(({ settings: { complianceAnchors, complianceOutput } }) => [
    ...(complianceAnchors === undefined ? [] : [dirname(complianceAnchors)]),
    ...(complianceOutput === undefined ? [] : [complianceOutput]),
  ])
  const checks: Check[] = []
  // One after the other: see asServices.
  for (const store of found.values()) checks.push(...(await checkStore(store)))
  return [...checks, ...(await Promise.all([...new Set(kept)].map(checkKept)))]
}

const area = 'file store'
const mend =
  'Mount it, or mend its place in the topology; look at its rights: it is to belong to pchat, on a file server by the number of it.'
const bucketMend = `Look at its address in the topology, and at its keys in ${environmentFile}.`

async function checkStore(store: Store): Promise<Check[]> {
  const { place, shared } = store
  const isBucket = place.startsWith('s3:')
  const see = (check: string, wanted: string, work: () => Promise<Seen>) =>
    look(area, `${place.replace(/\?.*/, '')}: ${check}`, wanted, isBucket ? bucketMend : mend, work, 20_000)
  const options = { ...store.settings, fileStore: place } as StartOptions
  if (isBucket)
    return [
      await see('read and write', 'a bucket to write, read and remove in', () =>
        asServices(store.env, () => tryBucket(options)),
      ),
      await see('same view', viewWanted, () =>
        asServices(store.env, () => seeView(store, db => seeBucketMark(options, db))),
      ),
    ]
  return [
    ...(shared ? [await see('mount', mountWanted, () => seeMount(place))] : []),
    await see('write and rename', 'a folder to write, rename, read and remove in', () => tryFolder(place)),
    await see('lock', lockWanted, () => tryLock(place)),
    await see('same view', viewWanted, () => seeView(store, db => seeMark(place, db))),
    await see('space', '1 GB and a tenth free', () => seeFolderSpace(place)),
  ]
}

/** Programs for buckets look for keys among the variables of their process: here they find those of the services, and no others. */
async function asServices<T>(env: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> {
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE']
  const before = names.map(name => [name, process.env[name]] as const)
  const put = ([name, value]: readonly [string, string | undefined]) => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  for (const one of names.map(name => [name, env[name]] as const)) put(one)
  try {
    return await work()
  } finally {
    for (const one of before) put(one)
  }
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
