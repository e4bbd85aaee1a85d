import { setTimeout as sleep } from 'node:timers/promises'
import { type Gate, openGate } from '../base/gate.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { maxTopologyBytes } from '../protocol/topology-limits.ts'
import { audit, isAudited } from '../store/audit.ts'
import { type Queryable, rehearse, restLonger, transaction } from '../store/db.ts'
import type { Caller, Chat } from './chat.ts'
import type { CentralDesk, Published, TopologyDesk } from './topology-desk.ts'

/** Who types waits for what is wrong, and not for what differs. */
const comparedWithinMs = 2_000
/** Longer than the Central Management Store takes to connect and to answer. */
const publishedWithinMs = 60_000
const usualPage = 20
const maxWaitMs = 20_000
const maxWaiting = 4

export const noStoreHint =
  'This server was told of no Central Management Store: start it with --cms (PCHAT_CMS), such as --cms postgres://pchat_publisher@db1/pchat_central, which pchat topology prepare makes.'

/** topology.get. Refusals: not_found, unavailable. */
export async function getTopology(
  chat: Chat,
  _caller: Caller,
  { version }: Input<'topology.get'>,
): Promise<Result<'topology.get'>> {
  const { central } = deskOf(chat)
  if (!central) return { store: 'none', hint: noStoreHint, publication: null }
  const found = await central.read(version)
  if (!found && version !== undefined) throw noVersion(version)
  if (!found) return { store: 'empty', publication: null }
  const { document, at, ...card } = found
  return { store: 'there', publication: { ...card, at: at.toISOString(), text: document } }
}

/** topology.schema. */
export async function getTopologySchema(
  chat: Chat,
  _caller: Caller,
  _input: Input<'topology.schema'>,
): Promise<Result<'topology.schema'>> {
  return { schema: await deskOf(chat).schema() }
}

/** topology.example. Refusals: invalid_argument. */
export async function getTopologyExample(
  chat: Chat,
  _caller: Caller,
  { edition, fqdn }: Input<'topology.example'>,
): Promise<Result<'topology.example'>> {
  return { text: await deskOf(chat).example(edition, fqdn) }
}

/**
 * topology.check: works without a store, and with one that is away; then only two documents are compared. Refusals: too_large,
 * invalid_argument, not_found, rate_limited.
 */
export async function checkTopologyText(
  chat: Chat,
  _caller: Caller,
  { text, against, before }: Input<'topology.check'>,
): Promise<Result<'topology.check'>> {
  const desk = deskOf(chat)
  requireSize(text)
  requireSize(before ?? '')
  if (before !== undefined && against !== undefined)
    throw new Refusal(
      'invalid_argument',
      'Compare with a version that was published (against) or with a document (before), not with both.',
    )
  const { store, found } = await findBefore(desk, against)
  if (!found && against !== undefined && store !== 'away') throw noVersion(against)
  if (before !== undefined) return { store, version: null, ...(await desk.check(text, before)) }
  return { store, version: found?.version ?? null, ...(await desk.check(text, found?.document)) }
}

type Before = { store: Result<'topology.check'>['store']; found?: Published | undefined }

async function findBefore({ central }: TopologyDesk, version: number | undefined): Promise<Before> {
  if (!central) return { store: 'none' }
  const late = new AbortController()
  const away: Before = { store: 'away' }
  const read = central.read(version).then(
    (found): Before => ({ store: found || version !== undefined ? 'there' : 'empty', found }),
    () => away,
  )
  const waited = sleep(comparedWithinMs, away, { signal: late.signal }).catch(() => away)
  return Promise.race([read, waited]).finally(() => late.abort())
}

/** topology.history. Refusals: unavailable. */
export async function listTopologyHistory(
  chat: Chat,
  _caller: Caller,
  { limit = usualPage, before }: Input<'topology.history'>,
): Promise<Result<'topology.history'>> {
  const { central } = deskOf(chat)
  if (!central) return { store: 'none', publications: [], adoptions: [] }
  const found = await central.list(limit, before)
  const store = found.publications.length > 0 || before !== undefined ? 'there' : 'empty'
  return { store, ...found }
}

/** topology.publish. Refusals: conflict, invalid_argument, too_large, not_found, rate_limited, unavailable. */
export async function publishTopologyText(
  chat: Chat,
  caller: Caller,
  { text, ...basis }: Input<'topology.publish'>,
): Promise<Result<'topology.publish'>> {
  requireSize(text)
  return put(chat, caller, 'topology.publish', { document: text }, basis)
}

/** topology.rollback: a new publication of an old text, by the rules of today. Refusals as of topology.publish. */
export async function rollBackTopology(
  chat: Chat,
  caller: Caller,
  { version, ...basis }: Input<'topology.rollback'>,
): Promise<Result<'topology.rollback'>> {
  const old = await requireCentral(chat).read(version)
  if (!old) throw noVersion(version)
  return put(chat, caller, 'topology.rollback', { document: old.document, restores: version }, basis)
}

type Action = 'topology.publish' | 'topology.rollback'
type Basis = Pick<Input<'topology.publish'>, 'basedOn' | 'mark' | 'note'>
const gates = new WeakMap<Chat, Gate>()

async function put(
  chat: Chat,
  caller: Caller,
  action: Action,
  draft: { document: string; restores?: number },
  basis: Basis,
): Promise<Result<'topology.publish'>> {
  const central = requireCentral(chat)
  const gate = gates.get(chat) ?? openGate(1)
  gates.set(chat, gate)
  if (!(await gate.enter(maxWaitMs, maxWaiting)))
    throw new Refusal('rate_limited', 'Others publish at this moment. Ask again when they are done.', {
      retryAfterMs: 5_000,
    })
  try {
    const errors = await errorsOf(chat, central, draft.document)
    return await publishRecorded(chat, caller, action, central, draft, basis, errors)
  } catch (error) {
    if (isRefused(error, 'conflict')) await recordOvertaken(chat, caller, central, draft.document, basis)
    throw inWords(error)
  } finally {
    gate.leave()
  }
}

async function errorsOf(chat: Chat, central: CentralDesk, document: string): Promise<string[]> {
  const current = await central.read()
  const { faults, findings } = await deskOf(chat).check(document, current?.document)
  return [
    ...faults.map(({ line, message }) => `Line ${line}: ${message}`),
    ...findings
      .filter(({ level }) => level === 'error')
      .map(({ line, rule, reason, mend }) => `Line ${line}: ${rule}: ${reason} ${mend}`),
  ]
}

/**
 * The store of the pool and that of topologies are two databases, and no transaction spans them. What cannot be recorded is not
 * published; where the answer of the second one was lost, who asks again has it recorded (decision 24).
 */
async function publishRecorded(
  chat: Chat,
  { user }: Caller,
  action: Action,
  central: CentralDesk,
  draft: { document: string; restores?: number },
  { basedOn, mark, note = '' }: Basis,
  errors: string[],
): Promise<Result<'topology.publish'>> {
  const { restores = null } = draft
  const publish = () => central.publish({ ...draft, author: user.name, note }, { version: basedOn, mark }, errors)
  return transaction(chat.db, async tx => {
    await restLonger(tx, publishedWithinMs)
    const record = (done: Recorded) => audit(tx, user.id, action, 'topology', detailOf(done))
    // Its number and mark are known only once it is there.
    await rehearse(tx, () => record({ version: basedOn + 1, mark: mark ?? '', basedOn, note, restores }))
    // It may be there though its answer is lost. To ask again is harmless, and tells.
    const done = await publish().catch(error => (isRefused(error, 'unavailable') ? publish() : Promise.reject(error)))
    if (done.changed) await record({ ...done, basedOn, note, restores })
    else await recordLost(tx, user, await central.read(done.version))
    return done
  })
}

type Recorded = Pick<Published, 'version' | 'mark' | 'basedOn' | 'note' | 'restores'>

function detailOf({ version, mark, basedOn, note, restores }: Recorded): object {
  return { version, mark, basedOn, note, ...(restores === null ? {} : { restores }) }
}

/** What stands there already is not recorded, but where it is his own and its record was lost with the answer. */
async function recordLost(tx: Queryable, user: Caller['user'], there: Published | undefined): Promise<void> {
  if (there?.author !== user.name || (await isAudited(tx, 'topology', { mark: there.mark }))) return
  const action: Action = there.restores === null ? 'topology.publish' : 'topology.rollback'
  await audit(tx, user.id, action, 'topology', detailOf(there))
}

/** His own may have been published all the same, before that of another one. */
async function recordOvertaken(
  chat: Chat,
  { user }: Caller,
  central: CentralDesk,
  document: string,
  { basedOn }: Basis,
): Promise<void> {
  const there = await central.read(basedOn + 1)
  if (there?.document === document) await transaction(chat.db, tx => recordLost(tx, user, there))
}

function isRefused(error: unknown, code: Refusal['code']): boolean {
  return error instanceof Refusal && error.code === code
}

type Since = { version: number; author: string; at: Date; note: string }

/** The sentences of the Central Management Store are for the shell, and name its options. */
function inWords(error: unknown): unknown {
  if (!(error instanceof Refusal) || error.code !== 'conflict') return error
  const { basedOn = 0, since = [] } = (error.details ?? {}) as { basedOn?: number; since?: Since[] }
  const newest = since.at(-1)
  const had = basedOn === 0 ? 'Yours began when nothing was published' : `Yours is based on version ${basedOn}`
  const message = newest
    ? `${had}, and ${newest.author} published version ${newest.version} at ${newest.at.toISOString()}${newest.note ? ` (${newest.note})` : ''}. Look at what changed since, take it over, then publish yours on version ${newest.version}.`
    : `${had}, which is not what stands in this store: it was restored, or is another one. Look at its history, take over what is there, then publish yours anew.`
  return new Refusal('conflict', message, { details: error.details ?? {}, cause: error })
}

function requireSize(text: string): void {
  if (Buffer.byteLength(text) > maxTopologyBytes)
    throw new Refusal(
      'too_large',
      `The document has more than ${maxTopologyBytes.toLocaleString('en')} bytes. Publish one of that size with pchat topology publish.`,
    )
}

function deskOf({ topology }: Chat): TopologyDesk {
  if (topology) return topology
  throw new Refusal(
    'not_found',
    'The topology is kept by servers, not by their store. Ask a server, or pchat topology.',
  )
}

function requireCentral(chat: Chat): CentralDesk {
  const { central } = deskOf(chat)
  if (central) return central
  throw new Refusal('not_found', noStoreHint)
}

function noVersion(version: number): Refusal {
  return new Refusal('not_found', `There is no version ${version}. See what was published with topology.history.`)
}
