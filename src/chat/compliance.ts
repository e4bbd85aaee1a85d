import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { endAllAttendance } from '../store/attendance.ts'
import { audit } from '../store/audit.ts'
import { type AdapterSetting, changeCompliance, lockCompliance, readCompliance } from '../store/compliance.ts'
import { readLastProof, readServiceReport, type Told } from '../store/compliance-report.ts'
import { type Connection, type Db, transaction } from '../store/db.ts'
import { readBacklog } from '../store/outbox.ts'
import { listUnheard } from '../store/server.ts'
import { raiseSettings } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { loadSettings } from './settings.ts'

type View = Result<'compliance.get'>

const maxAdapters = 32
/** What a process that is dead is taken for one after, and a little more. */
const heardWithinMs = 12_000
const lookMs = 100

/** compliance.get: how it is set for the whole pool. */
export async function getCompliance(chat: Chat, _caller: Caller, _input: Input<'compliance.get'>): Promise<View> {
  return viewHere(chat, 1)
}

async function viewHere({ db, adapterBase }: Chat, version: number): Promise<View> {
  return { ...(await viewOf(db, version)), ...(adapterBase === undefined ? {} : { adapterBase }) }
}

/**
 * compliance.update: whatever is read after the answer is recorded, on every server that `unheard` does not name. Officers are
 * answered so too where one of them is slow: it is on, and stays on.
 */
export async function updateCompliance(
  chat: Chat,
  caller: Caller,
  input: Input<'compliance.update'>,
): Promise<Result<'compliance.update'>> {
  const { recording, ...settings } = input
  const version = await transaction(chat.db, async tx => {
    await switchCompliance(tx, caller.user.id, recording, settings)
    return raiseSettings(tx)
  })
  await loadSettings(chat)
  announce(chat, { settings: version })
  if (recording !== true) return viewHere(chat, 1)
  await untilHeard(chat.db, version)
  return viewHere(chat, version)
}

/** Its own record is in what is recorded: the beginning is the first thing, the end the last. The caller raises the settings, last. */
export async function switchCompliance(
  tx: Connection,
  actor: string,
  recording: boolean | undefined,
  settings: { maxRows?: number; maxAgeSeconds?: number },
): Promise<void> {
  await lockCompliance(tx)
  const detail = { ...settings, ...(recording === undefined ? {} : { recording }) }
  if (recording === false) {
    await endAllAttendance(tx)
    await audit(tx, actor, 'compliance.update', 'pool', detail)
  }
  await changeCompliance(tx, { recording, settings })
  if (recording !== false) await audit(tx, actor, 'compliance.update', 'pool', detail)
}

/** Until every process that lives records; gives up where one does not say so in time. */
export async function untilHeard(db: Db, version: number): Promise<void> {
  const deadline = Date.now() + heardWithinMs
  while ((await listUnheard(db, version)).length > 0 && Date.now() < deadline) await sleep(lookMs)
}

/** `version`: of the settings that a process must have heard of. */
export async function viewOf(db: Db, version: number): Promise<View> {
  const { recording, settings } = await readCompliance(db)
  const { maxRows, maxAgeSeconds, adapters } = settings
  const { rows: events, ageSeconds } = await readBacklog(db, maxRows + 1)
  const unheard = recording ? await listUnheard(db, version) : []
  const told = await readServiceReport(db)
  const proven = await readLastProof(db)
  return {
    ...{ recording, unheard, maxRows, maxAgeSeconds, adapters: adapters.map(toView), backlog: { events, ageSeconds } },
    ...(told ? { service: toService(told) } : {}),
    ...(proven ? { proof: toProof(proven) } : {}),
  }
}

function toService({ at, report }: Told) {
  const { batchAt, adapters, ...rest } = report
  return {
    ...{ at: at.toISOString(), ...rest },
    ...(batchAt === null ? {} : { batchAt }),
    adapters: adapters.map(({ name, through, at, failures, lastError }) => ({
      ...{ name, through, failures },
      ...(at === null ? {} : { at }),
      ...(lastError === null ? {} : { lastError }),
    })),
  }
}

function toProof({ at, proof }: NonNullable<Awaited<ReturnType<typeof readLastProof>>>) {
  const { by, sound, entries, anchoredThrough, fault } = proof
  return { ...{ at: at.toISOString(), by, sound, entries, anchoredThrough }, ...(fault === null ? {} : { fault }) }
}

function toView({ custom, ...adapter }: AdapterSetting): View['adapters'][number] {
  return { ...adapter, custom: Object.entries(custom).map(([name, value]) => ({ name, value })) }
}

/** compliance.setAdapter: another type under the same name goes on from the same place. Refusals invalid_argument, forbidden, conflict. */
export async function setAdapter(
  chat: Chat,
  caller: Caller,
  input: Input<'compliance.setAdapter'>,
): Promise<Result<'compliance.setAdapter'>> {
  const { custom = [], ...given } = input
  const adapter = newAdapter({ ...given, custom: Object.fromEntries(custom.map(one => [one.name, one.value])) })
  const fault = findAdapterFault(adapter)
  if (fault) throw new Refusal('invalid_argument', fault)
  requireBelow(chat.adapterBase, adapter)
  await inSettings(chat, tx => putAdapter(tx, caller.user.id, adapter))
  return {}
}

/**
 * Officers need not be those whose machines these are: what the service's account may write, and read as XSLT, is more than they are
 * to choose from. Plain paths only, so that no folder has two names.
 */
function requireBelow(base: string | undefined, { outputDirectory, transformation }: AdapterSetting): void {
  const onMachine = 'or set it on the machine: pchat compliance adapter set.'
  if (base === undefined)
    throw new Refusal(
      'forbidden',
      `This server says no folder that adapters may write to. Have it started with --compliance-output <folder>, ${onMachine}`,
    )
  const isBelow = (path: string) =>
    path.startsWith(`${base}/`) && path.split('/').every((part, n) => n === 0 || (part !== '' && part !== '.'))
  if (!isBelow(outputDirectory) || !(transformation === undefined || isBelow(transformation)))
    throw new Refusal(
      'forbidden',
      `Folders and files of adapters that are set here are below ${base}, such as ${base}/archive. Name one there, ${onMachine}`,
    )
}

/** compliance.removeAdapter: one of that name that comes later goes on where it stood. Refusal not_found. */
export async function removeAdapter(
  chat: Chat,
  caller: Caller,
  { name }: Input<'compliance.removeAdapter'>,
): Promise<Result<'compliance.removeAdapter'>> {
  await inSettings(chat, tx => dropAdapter(tx, caller.user.id, name))
  return {}
}

async function inSettings(chat: Chat, change: (tx: Connection) => Promise<void>): Promise<void> {
  const settings = await transaction(chat.db, async tx => {
    await change(tx)
    return raiseSettings(tx)
  })
  await loadSettings(chat)
  announce(chat, { settings })
}

/** Adds it, or puts it in the place of the one of that name. The caller raises the settings, last. Refusal conflict. */
export async function putAdapter(tx: Connection, actor: string, adapter: AdapterSetting): Promise<void> {
  const adapters = await lockedAdapters(tx)
  const isNew = adapters.every(one => one.name !== adapter.name)
  if (isNew && adapters.length >= maxAdapters)
    throw new Refusal('conflict', `There are ${maxAdapters} adapters already. Remove one first.`)
  const taken = adapters.find(one => one.name !== adapter.name && one.outputDirectory === adapter.outputDirectory)
  if (taken)
    throw new Refusal('conflict', `${adapter.outputDirectory} is the folder of ${taken.name}. Give it one of its own.`)
  const changed = isNew ? [...adapters, adapter] : adapters.map(one => (one.name === adapter.name ? adapter : one))
  await changeCompliance(tx, { settings: { adapters: changed } })
  await audit(tx, actor, 'compliance.setAdapter', adapter.name, adapter)
}

/** The caller raises the settings, last. Refusal not_found. */
export async function dropAdapter(tx: Connection, actor: string, name: string): Promise<void> {
  const adapters = await lockedAdapters(tx)
  if (adapters.every(one => one.name !== name))
    throw new Refusal(
      'not_found',
      `There is no adapter ${JSON.stringify(name)}; there is ${adapters.map(one => one.name).join(', ') || 'none'}.`,
    )
  await changeCompliance(tx, { settings: { adapters: adapters.filter(one => one.name !== name) } })
  await audit(tx, actor, 'compliance.removeAdapter', name)
}

async function lockedAdapters(tx: Connection): Promise<AdapterSetting[]> {
  await lockCompliance(tx)
  return (await readCompliance(tx)).settings.adapters
}

const defaultInterval = 15 * 60

/** With what the original product takes where nothing is said. */
export function newAdapter(
  given: Partial<AdapterSetting> & Pick<AdapterSetting, 'name' | 'type' | 'outputDirectory'>,
): AdapterSetting {
  return {
    ...{ runIntervalSeconds: defaultInterval, oneRoomPerFile: false, roomDetails: false, userDetails: false },
    ...{ attachmentsManifest: false, custom: {} },
    ...given,
  }
}

/** What a schema cannot say; paths are those of the machines that the service runs on. */
export function findAdapterFault({ outputDirectory, transformation }: AdapterSetting): string | undefined {
  if (!isWholePath(outputDirectory)) return 'outputDirectory is the whole path of a folder, such as /var/lib/archive.'
  if (transformation !== undefined && !isWholePath(transformation))
    return 'transformation is the whole path of an XSLT file, such as /etc/pchat/archive.xslt.'
  return undefined
}

function isWholePath(path: string): boolean {
  return path.startsWith('/') && path.length > 1 && !path.split('/').includes('..')
}
