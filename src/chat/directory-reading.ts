import type { DirectorySource, SourceObject } from '../directory/source.ts'
import { containerOf } from '../domain/directory-name.ts'
import { isBadText } from '../domain/message.ts'
import { checkedName, nameKey } from '../domain/name.ts'
import { checkedEmail, checkedPrincipalName } from '../domain/principal.ts'
import { Refusal } from '../protocol/error.ts'
import type { Db } from '../store/db.ts'
import type { Held } from '../store/directory-source.ts'
import { type Staged, stageIds, stageObjects } from '../store/directory-stage.ts'

/** What a reading left in the stage. `skipped`: objects without an id that can be kept. */
export type Reading = {
  whole: boolean
  byIds: boolean
  cookie: string | undefined
  staged: { objects: number; ids: number }
  skipped: number
}

/** Longer ones do not fit an index of the store; no directory that people work with has any. */
const maxDnBytes = 1_500
const maxIdBytes = 200

/** Reads all, or what changed since the run's cookie, into the stage. Nothing of the store is locked while the directory answers. */
export async function stageReading(
  db: Db,
  held: Held,
  source: DirectorySource,
  full: boolean,
  signal: AbortSignal,
): Promise<Reading> {
  const reading = await source.read(full ? undefined : held.cookie, signal)
  const ids = new Set<string>()
  let skipped = 0
  for await (const { objects, gone } of reading.batches) {
    signal.throwIfAborted()
    const fit = objects.filter(object => isFitId(object.id))
    skipped += objects.length - fit.length
    const known = gone.filter(isFitId)
    await stageObjects(db, held, fit.map(toStaged), known)
    for (const { id } of fit) ids.add(id)
    for (const id of known) ids.add(id)
  }
  const staged = { objects: ids.size, ids: 0 }
  return { whole: reading.whole, byIds: false, cookie: reading.cookie(), staged, skipped }
}

/** Reads which ids there are, for directories that do not tell what was deleted. Answers how many. */
export async function stageAllIds(db: Db, held: Held, source: DirectorySource, signal: AbortSignal): Promise<number> {
  const all = new Set<string>()
  for await (const batch of source.ids(signal)) {
    signal.throwIfAborted()
    const fit = batch.filter(isFitId)
    await stageIds(db, held, fit)
    for (const id of fit) all.add(id)
  }
  return all.size
}

/** One object as it is there now; gone where it is not. */
export async function stageOne(db: Db, held: Held, source: DirectorySource, id: string): Promise<Reading> {
  const object = await source.readOne(id)
  await stageObjects(db, held, object ? [toStaged(object)] : [], object ? [] : [id])
  return { whole: false, byIds: false, cookie: undefined, staged: { objects: 1, ids: 0 }, skipped: 0 }
}

function isFitId(id: string): boolean {
  return id !== '' && !isBadText(id) && Buffer.byteLength(id) <= maxIdBytes
}

function isFitDn(dn: string): boolean {
  return !isBadText(dn) && Buffer.byteLength(dn) <= maxDnBytes
}

/** A directory may hold whatever it likes: what no principal can be called is a fault of that object, and of no other. */
export function toStaged(object: SourceObject): Staged {
  const { name, fault } = readName(object)
  const dn = isFitDn(object.dn) ? object.dn : ''
  return {
    externalId: object.id,
    kind: object.kind,
    dn,
    container: containerOf(dn),
    name,
    nameKey: nameKey(name),
    displayName: readDisplayName(object, name),
    email: readEmail(object.email),
    disabled: object.kind === 'user' && object.disabled,
    fault: fault ?? (dn === object.dn ? null : 'Its distinguished name is too long, or no text.'),
    members: object.kind === 'group' ? [...new Set((object.members ?? []).filter(isFitDn))] : null,
  }
}

function readName({ kind, name }: SourceObject): { name: string; fault?: string } {
  const clean = cleanText(name)
  if (clean !== name) return { name: clean, fault: 'Its name holds U+0000 or an unpaired surrogate.' }
  try {
    return { name: checkedPrincipalName(kind, name) }
  } catch (error) {
    if (error instanceof Refusal) return { name: clean, fault: error.message }
    throw error
  }
}

const maxDisplayName = 256

function readDisplayName({ displayName }: SourceObject, name: string): string {
  // What breaks lists is a blank, what is too long is cut: nobody is left out for it.
  const clean = cleanText(displayName)
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .normalize('NFC')
  const text = [...clean].slice(0, maxDisplayName).join('')
  try {
    return checkedName('displayName', text)
  } catch {
    return name
  }
}

function readEmail(email: string | undefined): string | null {
  if (email === undefined || isBadText(email)) return null
  try {
    return checkedEmail(email)
  } catch {
    return null
  }
}

const maxFaultyName = 500

function cleanText(text: string): string {
  const clean = isBadText(text) ? text.toWellFormed().replaceAll('\0', '\ufffd') : text
  return clean.length > maxFaultyName ? [...clean].slice(0, maxFaultyName).join('') : clean
}
