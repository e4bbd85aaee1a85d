import { HttpFault } from './http.ts'
import { waitWords } from './time.ts'

/** A lock-out says how long it lasts. */
export async function orSayWait<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof HttpFault && error.code === 'rate_limited' && error.retryAfterMs !== undefined)
      throw new HttpFault({
        code: 'rate_limited',
        message: `Too many failed sign-ins. Try again in ${waitWords(error.retryAfterMs)}.`,
      })
    throw error
  }
}
