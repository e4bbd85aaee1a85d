import type { Client } from '../../../src/client/client.ts'
import type { Addin } from '../../../src/protocol/addin.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { faultOf } from './fault.ts'

export type EligiblePrincipal = Principal & { eligible?: boolean; reason?: string }
/** Who would be taken off the lists. `counts` may be above what is listed. */
export type Purged = {
  purged: { members: Principal[]; managers: Principal[]; presenters: Principal[] }
  counts: { members: number; managers: number; presenters: number }
}

type Later = {
  'addin.list': { input: Record<string, never>; result: { addins: Addin[] } }
  'room.previewMove': { input: { room: string; category: string }; result: Purged }
  'principal.find': {
    input: { text: string; category: string; limit: number; eligibility: true }
    result: { principals: EligiblePrincipal[] }
  }
}

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
export async function askNewer<V extends keyof Later>(
  client: Client,
  verb: V,
  input: Later[V]['input'],
): Promise<Later[V]['result'] | undefined> {
  const request = client.request as unknown as (verb: V, input: Later[V]['input']) => Promise<Later[V]['result']>
  // Another connection may lead to a newer server.
  const place = `${client.epoch} ${verb}`
  if (missing.has(place)) return undefined
  try {
    return await request(verb, input)
  } catch (error) {
    if (!isUnknown(error, verb)) throw error
    missing.add(place)
    return undefined
  }
}
