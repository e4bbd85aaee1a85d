import { randomUUID } from 'node:crypto'
import type { NetConnectOpts } from 'node:net'
import { join, resolve } from 'node:path'
import { parseClamdAddress } from '../files/clamd.ts'
import type { Db } from '../store/db.ts'
import { readFileStore } from '../store/file-store.ts'
import { closeSources, loadDirectoryConfig, openSources } from './directory-sources.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import type { StartOptions } from './options.ts'
import { mark, readMark, seeFolderSpace, tryFolder } from './probe-folder.ts'
import { answerMs, converse, greetingOfNats, natsWanted, seeNats } from './probe-network.ts'

/** NATS, where files are kept, clamd and the directories; `db` where the store was reached. */
export async function checkParts(options: StartOptions, db: Db | undefined): Promise<Check[]> {
  const { natsUrl, clamd, scannerAway, directoryConfig } = options
  const checks = [
    ...(natsUrl ?? '').split(',').filter(Boolean).map(checkNats),
    ...checkFileStore(options, db),
    ...(clamd === undefined ? [] : [checkClamd(clamd, scannerAway)]),
  ]
  return [
    ...(await Promise.all(checks)),
    ...(directoryConfig === undefined ? [] : await checkDirectories(directoryConfig)),
  ]
}

/** A server of NATS says who it is before anybody asks. */
function checkNats(url: string): Promise<Check> {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const mend = 'Check that it runs, the address in --nats-url, and firewalls between.'
  return look('bus', `${hostname}:${port || 4222}`, natsWanted, mend, async () =>
    seeNats(await greetingOfNats(host, Number(port || 4222)), 'Mend --nats-url.'),
  )
}

function checkFileStore(options: StartOptions, db: Db | undefined): Promise<Check>[] {
  const place = options.fileStore ?? join(options.dataDir, 'files')
  const isBucket = place.startsWith('s3:')
  const folder = resolve(place)
  const area = 'file store'
  const wanted = 'the file store of the pool, to write, rename, read and remove in'
  const mend = 'Mount it or mend --file-store; look at its rights.'
  return [
    look(area, 'read and write', wanted, mend, () => (isBucket ? tryBucket(options) : tryFolder(folder)), 20_000),
    look(
      area,
      'identity',
      'that of the pool',
      mend,
      () => (isBucket ? seeBucketMark(options, db) : seeMark(folder, db)),
      20_000,
    ),
    ...(isBucket ? [] : [look(area, 'space', '1 GB and a tenth free', mend, () => seeFolderSpace(folder))]),
  ]
}

async function openBucketOf({ fileStore, dataDir }: StartOptions) {
  const { openFileStore } = await import('./file-options.ts')
  return openFileStore({ ...(fileStore === undefined ? {} : { fileStore }), dataDir })
}

export async function tryBucket(options: StartOptions): Promise<Seen> {
  const store = await openBucketOf(options)
  const key = `doctor-${randomUUID()}`
  const beganAt = performance.now()
  try {
    await store.put(key, Buffer.from('doctor'))
    for await (const _ of await store.get(key));
    return ok(
      `${store.place}: written, read, removed in ${Math.round(performance.now() - beganAt)} ms`,
      'a bucket to write, read and remove in',
    )
  } finally {
    await store.remove(key).catch(() => {})
    await store.close()
  }
}

export async function seeMark(folder: string, db: Db | undefined): Promise<Seen> {
  return seeIdentity(await readMark(folder), db)
}

export async function seeBucketMark(options: StartOptions, db: Db | undefined): Promise<Seen> {
  const store = await openBucketOf(options)
  try {
    const chunks: Buffer[] = []
    for await (const chunk of await store.get(mark)) chunks.push(chunk)
    return await seeIdentity(Buffer.concat(chunks).toString('utf8'), db)
  } catch (error) {
    if ((error as Error).name === 'MissingObject') return await seeIdentity(undefined, db)
    throw error
  } finally {
    await store.close()
  }
}

async function seeIdentity(text: string | undefined, db: Db | undefined): Promise<Seen> {
  const wanted = 'that of the pool'
  const known = db && (await readFileStore(db).catch(() => null))
  if (db === undefined) return warning(text ?? 'none', wanted, 'The store was not reached, which knows it.')
  if (known === null) return ok(text ?? 'none yet', 'the pool has none yet; the first server takes this one')
  if (text === known) return ok(`${text}`, wanted)
  const found = text === undefined ? 'none: not mounted, or empty' : `${text}, another pool's`
  return fault(found, `${known}`, 'Mount or name the right one; where this one is meant: pchat file adopt')
}

export function checkClamd(clamd: string, away: StartOptions['scannerAway']): Promise<Check> {
  const address = parseClamdAddress(clamd)
  const wanted = 'a clamd that answers'
  const then = away === 'open' ? 'files pass unseen meanwhile' : 'files wait meanwhile'
  return look('scanner', clamd, wanted, `Start clamd or mend --clamd; ${then}.`, async () => {
    const text = await converse(address as NetConnectOpts, 'zVERSION\0', said => said.includes('\0'))
    const version = text.replace(/\0.*$/s, '')
    return version.startsWith('ClamAV')
      ? ok(version, wanted)
      : fault(`it says ${JSON.stringify(version.slice(0, 100))}`, wanted, 'Mend --clamd.')
  })
}

async function checkDirectories(file: string): Promise<Check[]> {
  const wanted = 'a directory that the reading account may read'
  let config: Awaited<ReturnType<typeof loadDirectoryConfig>> = {}
  const read = await look(
    'directory',
    'configuration',
    'a file without faults',
    'Mend what is named, and its place.',
    async () => {
      config = await loadDirectoryConfig(file)
      const names = [...(config.ldap ?? []), ...(config.oidc ?? []), ...(config.scim ?? [])].map(source => source.name)
      return ok(`${file}: ${names.join(', ') || 'no source'}`, 'a file without faults')
    },
  )
  const sources = read.state === 'error' ? new Map() : await openSources(config)
  try {
    const directories = [...sources].map(([name, { directory }]) =>
      look(
        'directory',
        name,
        wanted,
        'See docs/directory.md: address, certificate, account, base.',
        async () => {
          await directory.check()
          return ok('it may be read', wanted)
        },
        15_000,
      ),
    )
    return [read, ...(await Promise.all([...directories, ...(config.oidc ?? []).map(checkProvider)]))]
  } finally {
    await closeSources(sources)
  }
}

function checkProvider({ name, issuer }: { name: string; issuer: string }): Promise<Check> {
  const wanted = 'a provider that says where to sign in'
  return look('directory', name, wanted, 'Mend issuer, or look at the provider.', async () => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerMs) })
    const said = answer.ok ? ((await answer.json()) as { issuer?: string; authorization_endpoint?: string }) : {}
    if (said.authorization_endpoint === undefined)
      return fault(`${url} answered ${answer.status}`, wanted, 'Mend issuer.')
    return said.issuer === issuer
      ? ok(issuer, wanted)
      : fault(`it calls itself ${said.issuer}`, issuer, 'Write the issuer as the provider does.')
  })
}
