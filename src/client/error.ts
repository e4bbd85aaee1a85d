import type { ErrorCode, WireError } from '../protocol/error.ts'

/** A refusal by the server, or `unavailable` where no answer came. */
export class PchatError extends Error {
  readonly code: ErrorCode
  /** How long the server asks to wait before the next try. */
  readonly retryAfterMs: number | undefined
  /** Names the line in the server's log, for `internal`. */
  readonly id: string | undefined
  /** How to go on, for `second_factor_required`. */
  readonly details: object | undefined

  constructor(error: WireError) {
    super(error.message)
    this.name = 'PchatError'
    this.code = error.code
    this.retryAfterMs = error.retryAfterMs
    this.id = error.id
    this.details = error.details
  }
}

/** Sent, and the connection went before the answer: whether it was done is unknown. */
export class ConnectionLost extends PchatError {
  constructor() {
    super({ code: 'unavailable', message: 'The connection was lost before the answer came. Try again.' })
  }
}

export function notConnected(): PchatError {
  return new PchatError({
    code: 'unavailable',
    message: 'There is no connection to the server. Try again when there is.',
  })
}

export function clientClosed(): PchatError {
  return new PchatError({ code: 'unavailable', message: 'This client was closed. Connect anew.' })
}

/** The same request may succeed later. */
export function isPassing(error: unknown): error is PchatError {
  return error instanceof PchatError && (error.code === 'unavailable' || error.code === 'rate_limited')
}
