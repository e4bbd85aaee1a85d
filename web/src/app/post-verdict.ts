import type { MessageFormat } from '../../../src/protocol/message.ts'

/** What is posted, as the user wrote it or an add-in would have it. */
export type PostContent = { room: string; text: string; format: MessageFormat; alert: boolean; title?: string }

/** What a room's add-in says of a post before it is sent. */
export type Verdict =
  | { verdict: 'Passed' }
  | { verdict: 'Replaced'; change: Partial<PostContent> }
  | { verdict: 'Canceled'; reason: string | undefined }
