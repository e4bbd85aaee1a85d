/** What people read of an error: one sentence, what to do, and the id that support needs. */
export type Fault = { code: string; sentence: string; id?: string; retryAfterMs?: number }

type Coded = { code: string; message: string; id?: string | undefined; retryAfterMs?: number | undefined }

function isCoded(error: unknown): error is Coded {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
}

export function faultOf(error: unknown): Fault {
  if (isCoded(error)) {
    return {
      code: error.code,
      sentence: error.message || 'The server refused this without a reason. Try again.',
      ...(error.id === undefined ? {} : { id: error.id }),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'client', sentence: `Something went wrong in this window: ${message}. Load the page again.` }
}
