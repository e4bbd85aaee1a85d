import { randomUUID } from 'node:crypto'
import { Refusal } from '../protocol/error.ts'
import { storeRefusal } from '../store/db.ts'
import { Crowded } from './admission.ts'
import type { Chat } from './chat.ts'

/** What a caller is told of an error: a refusal as it is, the store's as ours, anything else as `internal` with the log's id. */
export function toRefusal(chat: Chat, error: unknown, context: object): Refusal {
  const refusal = storeRefusal(error)
  if (refusal) {
    if (refusal.code === 'unavailable' && !(refusal instanceof Crowded))
      chat.log.warn({ ...context, err: refusal.cause ?? refusal }, 'unavailable')
    return refusal
  }
  const id = randomUUID()
  chat.log.error({ ...context, id, err: error }, 'internal error')
  return new Refusal('internal', 'The server made a mistake. Nothing is known to have changed; give support the id.', {
    id,
  })
}
