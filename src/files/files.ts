import type { Chat } from '../chat/chat.ts'
import type { Verdict } from './clamd.ts'
import type { Mill } from './mill.ts'
import type { Objects } from './objects.ts'

/** Asks what is in these bytes. Throws ScannerAway where nobody can be asked; ends early where `signal` says so. */
export type Scan = (bytes: AsyncIterable<Buffer>, signal?: AbortSignal) => Promise<Verdict>

/** What the parts of this role share. */
export type Files = Objects & {
  chat: Chat
  /** Whether the pool's file store is here, at the last look. */
  isThere(): boolean
  /** Undefined: nothing is scanned. */
  scan: Scan | undefined
  /** Whether files are let in while the scanner is away. */
  scanOpen: boolean
  /** When which sign-in asked last for a part of which file. */
  downloads: Map<string, { at: number; recorded: Promise<void> }>
  /** Hashes and seals, and has the hashes of uploads that this process has seen from their first byte on. */
  mill: Mill
}
