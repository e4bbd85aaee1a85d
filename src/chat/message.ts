import { checkContent } from '../domain/message.ts'
import { checkedName } from '../domain/name.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { transaction } from '../store/db.ts'
import { listMessages as listMessageRows } from '../store/message.ts'
import { findRoom } from '../store/room.ts'
import type { Caller, Chat } from './chat.ts'
import { noteGlassReading, requireHistory } from './glass.ts'
import { recordRead } from './record.ts'

/** Enqueues before it returns, so that posts of one session are taken in the order of sending. */
export function postMessage(chat: Chat, caller: Caller, input: Input<'message.post'>): Promise<Result<'message.post'>> {
  checkContent(input, chat.settings)
  return chat.posts.post({
    author: caller.user,
    room: input.room.toLowerCase(),
    clientId: input.clientId.toLowerCase(),
    text: input.text,
    format: input.format ?? 'plain',
    alert: input.alert ?? false,
    title: input.title === undefined ? undefined : checkedName('title', input.title),
    file: undefined,
  })
}

const defaultPage = 50

export async function listMessages(
  chat: Chat,
  caller: Caller,
  input: Input<'message.list'>,
): Promise<Result<'message.list'>> {
  if (input.before !== undefined && input.after !== undefined)
    throw new Refusal('invalid_argument', 'Give before or after, not both.')
  // One snapshot: a page never holds what came after the reader's right ended.
  const { byGlass, row, ...page } = await transaction(
    chat.db,
    async tx => {
      const { byGlass } = await requireHistory(chat, caller, input.room, tx)
      const room = (await findRoom(tx, input.room))!
      if (!room.chat_history)
        throw new Refusal('history_off', 'This category keeps no history. Only new messages are delivered.')
      const messages = await listMessageRows(tx, room.id, {
        firstSeq: room.first_seq,
        lastSeq: room.last_seq,
        before: input.before,
        after: input.after,
        limit: input.limit ?? defaultPage,
      })
      return { messages, firstSeq: room.first_seq, lastSeq: room.last_seq, revision: room.revision, byGlass, row: room }
    },
    'ISOLATION LEVEL REPEATABLE READ READ ONLY',
  )
  if (byGlass) {
    const { messages } = page
    const range = messages.length === 0 ? {} : { fromSeq: messages[0]!.seq, throughSeq: messages.at(-1)!.seq }
    await noteGlassReading(chat, caller, input.room, { messages: messages.length, ...range })
  }
  await recordRead(chat, caller, row, page.messages)
  return page
}
