import type { PostedMessage } from '../protocol/message.ts'
import type { Principal } from '../protocol/principal.ts'

/** What is posted, checked but not yet decided. */
export type Draft = {
  author: Principal
  room: string
  clientId: string
  text: string
  format: 'plain' | 'markdown'
  alert: boolean
  title: string | undefined
  file: PostedMessage['file'] | undefined
}
export type Posted = { seq: number; at: string; repeated: boolean }

/** A post that waits for its batch, or with it. */
export type Waiting = Draft & { content: string; resolve(posted: Posted): void; reject(error: unknown): void }
