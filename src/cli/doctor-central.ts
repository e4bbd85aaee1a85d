import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Db, Queryable } from '../store/db.ts'
import { lookAtStore } from '../store/doctor.ts'
import { findEmbedded } from '../store/embedded.ts'
import { hashOf, type Publication, readHead, readPublication } from '../topology/central.ts'
import { soundTopology } from '../topology/central-effect.ts'
import { centralBeside } from '../topology/central-place.ts'
import { readCentralRights } from '../topology/central-rights.ts'
import { isCentral, requireCentral } from '../topology/central-schema.ts'
import { standingOf, standingSentence } from '../topology/central-standing.ts'
import { readReplica } from '../topology/replica.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { checkBeside, checkDatabase } from './doctor-database.ts'
import type { StartOptions } from './options.ts'

const area = 'Central Management Store'

/** What it is asked for: a server that follows it only reads; the console publishes where its role may. */
type Use = 'follow' | 'console' | 'beside'
/** What was seen of it; without `db` it was not reached, or is none. `published`: what is published there and whole. */
export type Central = { db?: Db | undefined; published?: Publication | undefined }

/** Each host of it, its schema, the rights of who asks, and what is published; `work` is given what was seen. */
export async function checkCentral(
  url: string,
  use: Use,
  work: (central: Central) => Promise<Check[]> = async () => [],
): Promise<Check[]> {
  // A Front End Server has both, often as two roles of one store.
  const told = use === 'console' ? `${area} of the console` : area
  const lookAt = async (db: Db | undefined) => {
    const seen = db ? await lookInto(db, use) : { checks: [] }
    return [...seen.checks.map(one => ({ ...one, area: told })), ...(await work(seen))]
  }
  return checkDatabase(told, url, lookAt, 'Servers that follow it go on meanwhile with what they have.')
}

/** The one that the console of a server with these options publishes to, but for that of a server which follows one. */
export async function checkConsole(options: StartOptions): Promise<Check[]> {
  const { cms, databaseUrl, dataDir } = options
  if (cms !== undefined) return checkCentral(cms, 'console')
  const embedded = databaseUrl === undefined ? await findEmbedded(resolve(dataDir)) : undefined
  if (!embedded) return []
  const place = centralBeside(embedded)
  return checkBeside(area, place, 'made with the first publication', async db => (await lookInto(db, 'beside')).checks)
}

const prepare = 'Run pchat topology prepare, which makes it, brings it up to date, and gives its roles their rights.'

async function lookInto(db: Db, use: Use): Promise<Central & { checks: Check[] }> {
  const wanted = 'the schema of this program'
  const schema = await look(area, 'schema', wanted, prepare, () =>
    lookAtStore(db, async q => {
      if (!(await isCentral(q))) return fault('there is none in this database, or its role sees none', wanted, prepare)
      await requireCentral(q)
      return ok(wanted)
    }),
  )
  if (schema.state !== 'ok') return { checks: [schema] }
  const rights =
    use === 'beside' ? [] : [await look(area, 'rights', rightsWanted[use], prepare, () => seeRights(db, use))]
  if (rights.some(({ state }) => state === 'error')) return { checks: [schema, ...rights] }
  let published: Publication | undefined
  const newest = await look(area, 'published', 'a topology that this program can start by', publish, async () => {
    const found = await readPublication(db)
    const seen = seePublished(found, use)
    if (found && hashOf(found.document) === found.hash) published = found
    return seen
  })
  return { checks: [schema, ...rights, newest], db, published }
}

const rightsWanted = {
  follow: 'to read it, and nothing else',
  console: 'to read it; to publish, where the console shall',
} as const

async function seeRights(q: Queryable, use: 'follow' | 'console'): Promise<Seen> {
  const wanted = rightsWanted[use]
  const { role, reads, publishes, owns } = await readCentralRights(q)
  if (!reads) return fault(`${role} may not read it`, wanted, prepare)
  const other = (kind: string) =>
    `Name the ${kind} that pchat topology prepare makes in the address, with its password.`
  if (owns) return warning(`${role} can change what was published`, wanted, other('publisher or the reader'))
  if (use === 'follow' && publishes) return warning(`${role} may publish`, wanted, other('reader'))
  if (publishes) return ok(`${role} may read and publish`, wanted)
  return ok(use === 'follow' ? `${role} may read` : `${role} may read: nothing is published as it`, wanted)
}

const publish = 'Publish one: pchat topology validate FILE, then pchat topology publish FILE.'

function seePublished(found: Publication | undefined, use: Use): Seen {
  const wanted = 'a topology that this program can start by'
  if (!found) return use === 'follow' ? fault('nothing is published', wanted, publish) : ok('nothing yet', wanted)
  const { version, at, author, document, hash } = found
  const shown = `version ${version}, by ${author} at ${at.toISOString()}`
  if (hashOf(document) !== hash)
    return fault(
      `${shown}: its text is not what was published`,
      wanted,
      'Restore the store from a copy; servers keep what they have meanwhile.',
    )
  try {
    soundTopology(document)
    return ok(shown, wanted)
  } catch (error) {
    return fault(
      `${shown}: ${(error as Error).message}`,
      wanted,
      'Publish one that this program understands, or install the newer program here. Servers keep what they have meanwhile.',
    )
  }
}

const replicaWanted = 'what is published, as a server that follows it has kept it'

/** What a server keeps of it in its data folder, how old that is, and how it stands to the store; `central` where one is named. */
export function checkReplica(file: string, central: Central | undefined): Promise<Check> {
  const mend = 'Mend the owner and mode of the file; the server writes it anew while the store answers.'
  return look(area, `replica in ${dirname(file)}`, replicaWanted, mend, () => seeReplica(file, central))
}

async function seeReplica(file: string, central: Central | undefined): Promise<Seen> {
  const replica = await readReplica(file)
  const again = 'Start the server while the store answers: it reads it anew.'
  if (replica === undefined)
    return warning(
      `there is none in ${file}`,
      replicaWanted,
      'Start the server with PCHAT_TOPOLOGY in its environment: it keeps one. Without one it does not start while the store is away.',
    )
  if ('torn' in replica) return fault(`${file} is no good: ${replica.torn}`, replicaWanted, again)
  const { version, at } = replica
  const { mtimeMs } = await stat(file)
  const found = `version ${version} of ${at}, written ${ago(Date.now() - mtimeMs)}`
  if (!central) return ok(found, replicaWanted)
  const notAsked = 'Whether it is the newest is not known: mend what is told of the store.'
  if (!central.db) return warning(found, replicaWanted, notAsked)
  const head = await readHead(central.db, version)
  const standing = standingOf(head, replica)
  if (standing === 'newer')
    return warning(
      `${found}; the store has version ${head.version}`,
      replicaWanted,
      'A server that runs follows within half a minute. See whether it does, what /readyz notes, and its log.',
    )
  if (standing !== 'same' && standing !== 'empty')
    return fault(found, replicaWanted, standingSentence(standing, head, replica))
  return head.hashThere === replica.hash
    ? ok(found, replicaWanted)
    : fault(`${found}: it was altered`, replicaWanted, again)
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 120) return `${seconds} s ago`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes ago`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} hours ago` : `${Math.round(seconds / 86_400)} days ago`
}
