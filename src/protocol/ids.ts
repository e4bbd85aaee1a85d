import Type from 'typebox'

/** RFC 9562 text form, either case; stored and answered in lower case. */
export const uuidPattern = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'

export const Uuid = Type.String({ pattern: uuidPattern, description: 'UUID' })
export const RoomId = Type.String({ pattern: uuidPattern, description: 'id of a room' })
export const CategoryId = Type.String({ pattern: uuidPattern, description: 'id of a category' })
export const ClientId = Type.String({ pattern: uuidPattern, description: 'UUID made by the sender, one a post' })

/** A principal is named by its id or by its account name. */
export const PrincipalRef = Type.String({ minLength: 1, description: 'id or name of a principal' })

/** Place of a message in its room: 1, 2, 3 … without gaps. 0 stands for "before the first". */
export const Seq = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'sequence number in a room',
})

export const Instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$',
  description: 'ISO 8601 instant; answers are UTC with milliseconds',
})

export const roomUriPattern = /^ma-chan:\/\/([^/\s]+)\/([0-9a-fA-F-]{36})$/

export function roomUri(domain: string, room: string): string {
  return `ma-chan://${domain}/${room}`
}
