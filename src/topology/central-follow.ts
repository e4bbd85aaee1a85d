import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import type { Connection, Db } from '../store/db.ts'
import { type Head, hashOf, readHead, readPublication } from './central.ts'
import { keepListening } from './central-listen.ts'
import type { Gone } from './central-process.ts'
import { type Held, type Standing, standingOf, standingSentence } from './central-standing.ts'
import { type Replica, readReplica, readTrace, writeReplica } from './replica.ts'

/** What a change of the topology is to one server, in sentences: what it can follow while it runs, and what wants a restart. */
export type Effect = { followed: string[]; restart: string[] }
/** Throws where this program does not understand the document, and answers why where there is no place for this server in it. */
export type TellEffect = (before: string, after: string) => Effect | Gone
export type Change = { before: Replica; after: Replica; effect: Effect }

export type FollowOptions = {
  db: Db
  /** File of the replica; one process at a time follows by it. */
  replica: string
  tell: TellEffect
  /** When the replica has the change on disk. Where it fails, the change counts all the same. */
  onChange(change: Change): Promise<void> | void
  log: Log
  /** How long a loss of the store's word can go unnoticed. */
  lookMs?: number
  /** How long a start waits for the store before it goes on with the replica. */
  patienceMs?: number
}

export type Following = {
  /** What this server runs under: the newest that it followed. */
  topology(): Replica
  /** What of it takes effect with a restart only. */
  restart(): string[]
  /** What is not as it should be, for /readyz. */
  notes(): string[]
  stop(): Promise<void>
}

const usualLookMs = 30_000
const usualPatienceMs = 10_000
/** The same trouble is told again after so many looks. */
const tellAgainLooks = 20

/**
 * Follows the Central Management Store: the newest publication is kept on disk, then told. Starts from the replica where the store
 * is away; rejects where there is neither. A store that was restored from an older copy is not followed until it is adopted.
 */
export async function followCentral(options: FollowOptions): Promise<Following> {
  const { db, log, lookMs = usualLookMs, patienceMs = usualPatienceMs } = options
  const stopping = new AbortController()
  const follower = await openFollower(options)
  const first = Promise.withResolvers<void>()
  const following = keepListening(db, stopping.signal, lookMs, {
    async look(connection) {
      await follower.look(connection)
      first.resolve()
    },
    lost(error) {
      follower.lost(error)
      first.resolve()
    },
  })
  const stop = async () => {
    stopping.abort()
    await following
  }
  const late = new AbortController()
  await Promise.race([first.promise, sleep(patienceMs, undefined, { signal: late.signal }).catch(() => {})])
  late.abort()
  const missing = follower.begin()
  if (missing !== undefined) {
    await stop()
    throw new Error(missing)
  }
  log.info({ version: follower.topology().version }, 'the topology is that of the Central Management Store')
  const { topology, restart, notes } = follower
  return { topology, restart, notes, stop }
}

type Trouble = { note: string; sentence: string }

async function openFollower({ replica: file, tell, onChange, log }: FollowOptions) {
  const kept = await readReplica(file)
  const torn = kept && 'torn' in kept ? kept.torn : undefined
  if (torn !== undefined)
    log.error({ file, reason: torn }, 'the replica of the topology is torn or was altered; it is read anew')
  let held: Replica | undefined = kept && !('torn' in kept) ? kept : undefined
  /** What a replica was here that is none any more. */
  const trace = held ? undefined : await readTrace(file)
  const known = (): Held | undefined => held ?? trace
  /** Under which document this process began; what wants a restart is told from there on. */
  let started: Replica | undefined
  let restart: string[] = []
  let away: string | undefined = 'it did not answer in time'
  /** It does answer, and lets nobody in who comes as this server does. */
  let isRefused = false
  let trouble: Trouble | undefined
  let looks = 0

  const setTrouble = (next: Trouble | undefined) => {
    looks = next && next.sentence === trouble?.sentence ? looks + 1 : 0
    if (next && looks % tellAgainLooks === 0) log.error({ version: held?.version }, next.sentence)
    if (!next && trouble) log.info({ version: held?.version }, 'the Central Management Store is followed again')
    trouble = next
  }

  const take = async (connection: Connection, head: Head): Promise<Trouble | undefined> => {
    const published = await readPublication(connection, head.version)
    if (published?.mark !== head.mark || hashOf(published!.document) !== published!.hash)
      return {
        note: 'topology altered',
        sentence: `Version ${head.version} of the topology is not what was published.`,
      }
    const { version, mark, hash, author, note, document } = published!
    const after: Replica = {
      ...{ store: head.store, version, mark, hash, author, note, at: published!.at.toISOString() },
      ...{ adoptions: [...new Set([...(known()?.adoptions ?? []), ...head.adoptions])], document },
    }
    const before = held
    const unfit = findUnfit(version, document)
    if (unfit) return unfit
    const unwritten = await keep(after)
    if (unwritten) return unwritten
    // Who has not begun has nothing to follow. Patience may have run out meanwhile, so that it began with what it had.
    if (!before || !started) return undefined
    const effect = effectOf(before.document, document)
    restart = effectOf(started.document, document).restart
    const isBack = after.version < before.version
    log.info({ from: before.version, version, author, isBack, ...effect }, 'the topology has changed')
    await Promise.resolve(onChange({ before, after, effect })).catch(error =>
      log.error({ err: error, version }, 'a change of the topology was not followed; a restart takes it'),
    )
    return undefined
  }

  /** A server that could not start by it keeps what it can start by. */
  const findUnfit = (version: number, document: string): Trouble | undefined => {
    try {
      const told = tell(document, document)
      if (!('gone' in told)) return undefined
      const stays = held ? ` It stays with version ${held.version}, the last one that had one; drain and stop it.` : ''
      const sentence = `Version ${version} of the topology has no place for this server: ${told.gone}${stays}`
      return { note: 'topology without this server', sentence }
    } catch (error) {
      const sentence = `This program does not understand version ${version} of the topology, and stays with what it has: ${(error as Error).message}`
      return { note: 'topology not understood', sentence }
    }
  }
  const effectOf = (before: string, after: string): Effect => {
    try {
      const told = tell(before, after)
      if (!('gone' in told)) return told
    } catch {}
    return { followed: [], restart: ['what it was cannot be read here any more'] }
  }

  const lookAt = async (connection: Connection): Promise<Trouble | undefined> => {
    const head = await readHead(connection, known()?.version ?? 0)
    const standing: Standing = standingOf(head, known())
    const isAltered = held !== undefined && head.markThere === held.mark && head.hashThere !== held.hash
    if (isAltered)
      log.error({ file, version: held?.version }, 'the replica of the topology was altered; it is read anew')
    if (standing === 'newer' || (standing === 'same' && (isAltered || !held))) return take(connection, head)
    if (standing === 'empty') return { note: 'no topology', sentence: 'Nothing is published in the store.' }
    if (standing !== 'same')
      return { note: `topology store ${standing}`, sentence: standingSentence(standing, head, known()!) }
    // Else a copy from after the adoption would count as adopted once more.
    const fresh = head.adoptions.filter(mark => !held!.adoptions.includes(mark))
    return fresh.length > 0 ? keep({ ...held!, adoptions: [...held!.adoptions, ...fresh] }) : undefined
  }
  const keep = async (replica: Replica): Promise<Trouble | undefined> => {
    try {
      await writeReplica(file, replica)
    } catch (error) {
      const { code, path = file, message } = error as NodeJS.ErrnoException
      const sentence = `The replica of the topology cannot be written (${code ?? message} ${path}). It is not followed until it can.`
      return { note: 'topology replica not written', sentence }
    }
    held = replica
    return undefined
  }

  return {
    async look(connection: Connection) {
      const found = await lookAt(connection)
      if (away !== undefined && started) log.info({}, 'the Central Management Store is back')
      away = undefined
      isRefused = false
      setTrouble(found)
    },
    lost(error: Error) {
      const refuses = [error, error.cause].some(one => isRefusal(one as { code?: string } | undefined))
      if ((away === undefined || refuses !== isRefused) && started)
        log.warn({ reason: error.message }, `${awayWords(refuses)}; the replica of the topology stands`)
      away = error.message
      isRefused = refuses
    },
    /** Answers why this server has no topology to run under. */
    begin(): string | undefined {
      if (!held) return noTopology(file, { torn, trouble, away, isRefused })
      started = held
      if (away !== undefined)
        log.warn(
          { reason: away, version: held.version, publishedAt: held.at, file },
          `${awayWords(isRefused)}; this server starts from its replica of the topology`,
        )
      return undefined
    },
    topology: () => held!,
    restart: () => restart,
    notes: () => [
      ...(away === undefined ? [] : [isRefused ? 'topology store refuses' : 'topology store away']),
      ...(trouble === undefined ? [] : [trouble.note]),
      ...(restart.length === 0 ? [] : ['topology wants a restart']),
    ],
  }
}

function awayWords(isRefused: boolean): string {
  return `the Central Management Store ${isRefused ? 'refuses this server' : 'is away'}`
}

/** Of the role, its password or the database that it names. */
function isRefusal(error: { code?: string } | undefined): boolean {
  return /^(28|3D|42501)/.test(error?.code ?? '')
}

type Missing = Record<'torn' | 'away', string | undefined> & { trouble: Trouble | undefined; isRefused: boolean }

function noTopology(file: string, { torn, trouble, away, isRefused }: Missing): string {
  const had = torn === undefined ? `there is no replica in ${file}` : `the replica in ${file} is no good (${torn})`
  const mend = trouble?.note.startsWith('topology store') ? '' : ' Publish a topology with pchat topology publish FILE.'
  if (trouble) return `${trouble.sentence} And ${had}.${mend}`
  if (isRefused)
    return `The Central Management Store refuses this server (${away}), and ${had}. Mend role, password or database in --topology, then start again.`
  return `The Central Management Store does not answer (${away}), and ${had}. Start again when the store is there.`
}
