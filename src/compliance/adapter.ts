import type { Entry } from './entry.ts'
import type { Conversation } from './happening.ts'

/** Settings of one adapter, those of the original product among them (F6.2). */
export type AdapterSettings = {
  name: string
  /** Folder that files appear in. */
  outputDirectory: string
  oneRoomPerFile: boolean
  roomDetails: boolean
  userDetails: boolean
  attachmentsManifest: boolean
  /** XSLT that is applied to every XML file. */
  transformation?: string | undefined
  /** For adapters that others write. */
  custom: Record<string, string>
}

/** What an adapter gets at once. The same `id` comes again until it has gone through: write the same files. */
export type Batch = {
  /** Stable over retries; part of file names. */
  id: string
  archive: string
  firstSeq: number
  lastSeq: number
  /** From the first to the last thing that happened, ISO 8601. */
  from: string
  until: string
  entries: readonly Entry[]
  /** Each entry to the letter, as it was hashed. */
  texts: readonly string[]
  /** The same by room, in the words of the original product. */
  conversations: readonly Conversation[]
  /** A small number for each person, the same for ever. */
  numberOf(person: string): number
}

/** Bytes of a file as they were put in; rejects where they cannot be had, and then the batch fails and comes again. */
export type ReadFile = (id: string) => AsyncIterable<Uint8Array>

/** Where files go. Each appears whole or not at all, and those of a batch only when all of them are written. */
export type Output = {
  write(name: string, content: string | AsyncIterable<Uint8Array | string>): Promise<void>
}

/** The contract for those who write their own: a module that exports these two. */
export type Adapter = {
  /** Once, before the first batch; throws where the settings will not do. */
  configure(settings: AdapterSettings): void | Promise<void>
  /** Only when something happened. Whatever it throws, the batch comes again. */
  translate(batch: Batch, output: Output, readFile: ReadFile): Promise<void>
}
