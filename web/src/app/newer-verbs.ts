import type { Client } from '../../../src/client/client.ts'
import type { Input, Result, Verb } from '../../../src/protocol/request.ts'
import { faultOf } from './fault.ts'

export type EligiblePrincipal = Result<'principal.find'>['principals'][number]
/** Who would be taken off the lists. `counts` may be above what is listed. */
export type Purged = Result<'room.previewMove'>

const missing = new Set<string>()

/** What the server says to a verb, or a member of an input, that it does not know. */
function isUnknown(error: unknown, verb: string): boolean {
  const { code, sentence } = faultOf(error)
  if (code === 'not_found') return sentence.includes(`no verb "${verb}"`)
  return code === 'invalid_argument' && sentence.includes('is not a member of this input')
}

/**
 * Asks what an older server of the pool may not know yet; undefined where it does not. While a pool is upgraded server by
 * server, a newer page may talk to an older server.
 */
export async function askNewer<V extends Verb>(
  client: Client,
  verb: V,
  input: Input<V>,
): Promise<Result<V> | undefined> {
  // Another store, another pool.
  const place = `${client.epoch} ${verb}`
  if (missing.has(place)) return undefined
  try {
    return await client.request(verb, input)
  } catch (error) {
    if (!isUnknown(error, verb)) throw error
    missing.add(place)
    // It is asked again when the window has found another server, for that one may be newer.
    const end = client.on('state', () => {
      missing.delete(place)
      end()
    })
    return undefined
  }
}
