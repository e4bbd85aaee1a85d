/** The one table of error codes: HTTP status and what it tells the caller. */
export const errorCodes = {
  unauthenticated: { status: 401, meaning: 'no valid token or session came with the request' },
  second_factor_required: { status: 401, meaning: 'the password was right; details say how to go on' },
  forbidden: { status: 403, meaning: 'the caller may know of it, and may not do this' },
  proof_required: { status: 403, meaning: 'prove again who you are (factor.prove), then ask once more' },
  not_found: { status: 404, meaning: 'it does not exist, or the caller may not know of it' },
  conflict: { status: 409, meaning: 'changed since it was read, or other content under the same id' },
  name_taken: {
    status: 409,
    meaning:
      'something of its kind has this name already: rooms and categories together, principals, add-ins, policies',
  },
  room_disabled: { status: 409, meaning: 'the room is disabled' },
  history_off: { status: 409, meaning: 'the category keeps no history' },
  invalid_argument: { status: 400, meaning: 'the input is not of the shape or range of the verb' },
  too_large: { status: 413, meaning: 'a text, frame or body is over its limit' },
  rate_limited: { status: 429, meaning: 'too many requests; wait retryAfterMs' },
  unavailable: { status: 503, meaning: 'try again after retryAfterMs; the outcome of a post may be unknown' },
  internal: { status: 500, meaning: 'a fault of the server; id names its line in the log' },
} as const

export type ErrorCode = keyof typeof errorCodes

export type WireError = { code: ErrorCode; message: string; retryAfterMs?: number; id?: string; details?: object }

/** A refusal that a caller is meant to read. Everything else that is thrown becomes `internal`. */
export class Refusal extends Error {
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  readonly id: string | undefined
  readonly details: object | undefined
  constructor(
    code: ErrorCode,
    message: string,
    more: { retryAfterMs?: number; id?: string; details?: object; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Refusal'
    this.code = code
    this.retryAfterMs = more.retryAfterMs
    this.id = more.id
    this.details = more.details
  }

  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(this.retryAfterMs) }),
      ...(this.id === undefined ? {} : { id: this.id }),
      ...(this.details === undefined ? {} : { details: this.details }),
    }
  }
}

/** One sentence for "not there" and for "not yours", so that the two cannot be told apart. */
export function notFound(
  what:
    | 'room'
    | 'category'
    | 'principal'
    | 'group'
    | 'session'
    | 'message'
    | 'passkey'
    | 'verb'
    | 'file'
    | 'add-in'
    | 'policy'
    | 'configuration'
    | 'simulation'
    | 'denial'
    | 'pool',
): Refusal {
  return new Refusal(
    'not_found',
    `There is no such ${what}, or you may not know of it. Check the id or ask who gave it to you.`,
  )
}

/** WebSocket close codes. */
export const closeCodes = {
  goingAway: 1001,
  restart: 1012,
  unauthenticated: 4001,
  sessionEnded: 4003,
  slowReader: 4008,
  protocolError: 4009,
} as const
