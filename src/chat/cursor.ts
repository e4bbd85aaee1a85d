import { isBadText } from '../domain/message.ts'
import { Refusal } from '../protocol/error.ts'
import { uuidPattern } from '../protocol/ids.ts'

const isUuid = new RegExp(uuidPattern)

/** Where a page of rooms ended, in order of name. */
export function writeCursor(row: { id: string; name_key: string }): string {
  return Buffer.from(JSON.stringify([row.name_key, row.id])).toString('base64url')
}

/** Refusal invalid_argument. */
export function readCursor(after: string): { nameKey: string; id: string } {
  try {
    const [key, id] = JSON.parse(Buffer.from(after, 'base64url').toString()) as unknown[]
    if (typeof key === 'string' && !isBadText(key) && typeof id === 'string' && isUuid.test(id))
      return { nameKey: key, id }
  } catch {}
  throw new Refusal('invalid_argument', 'after is not what an earlier answer gave as next. Begin again without it.')
}
