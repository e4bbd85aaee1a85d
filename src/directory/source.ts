import type { PrincipalKind } from '../protocol/principal.ts'

/** One user, group, organisational unit or domain, as a directory has it. */
export type SourceObject = {
  /** The directory's own id (objectGUID, entryUUID): outlives renames and moves. */
  id: string
  kind: PrincipalKind
  /** Distinguished name, folded so that equal names are equal strings: how objects of one directory name each other. */
  dn: string
  /** Of a user with its domain (alice@example.com), of others as they are called. */
  name: string
  displayName: string
  email?: string | undefined
  /** Of a user: may not sign in there. */
  disabled: boolean
  /** Of a group: the distinguished names of its direct members, users and groups, also such as are not taken. */
  members?: string[] | undefined
}

/** `gone`: ids that the directory has deleted. */
export type SourceBatch = { objects: SourceObject[]; gone: string[] }

/** One reading of a directory. */
export type SourceReading = {
  /** All there is: what it lacks is gone. Else what changed since the cookie. */
  whole: boolean
  /** Where it is not whole: whether it tells of deletions too. Where it does not, they are found by ids() only; undefined is no. */
  tellsGone?: boolean
  batches: AsyncIterable<SourceBatch>
  /** Where the next reading goes on; to be asked for once all batches were read, and to be kept with what was written of them. */
  cookie(): string
}

/** A directory that people come from. Errors are SourceAway, or programming errors. */
export type DirectorySource = {
  name: string
  /** What changed since `cookie`; everything where there is none, where it is too old, or is another server's. */
  read(cookie: string | undefined, signal?: AbortSignal): Promise<SourceReading>
  /** All ids that there are now, to find what was deleted without a trace. */
  ids(signal?: AbortSignal): AsyncIterable<string[]>
  /** One object by its own id, as it is now; undefined where it is not there or not taken. */
  readOne(id: string): Promise<SourceObject | undefined>
  /** Whether this is the password of the user with that id, as the directory says now. Never true for an empty password. */
  authenticate(id: string, password: string): Promise<boolean>
  /** Tries to connect and to bind. Throws SourceAway. */
  check(): Promise<void>
  close(): Promise<void>
}

/** The directory cannot be asked: not reached, refuses us, shows a wrong certificate. The message says what to mend. */
export class SourceAway extends Error {
  override name = 'SourceAway'
}
