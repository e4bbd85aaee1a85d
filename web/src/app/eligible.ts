import { useQuery } from '@tanstack/react-query'
import type { Client } from '../../../src/client/client.ts'
import { useChat } from './chat.ts'
import { type Fault, faultOf } from './fault.ts'
import { askNewer, type EligiblePrincipal } from './newer-verbs.ts'

export type Candidate = EligiblePrincipal & { eligible: boolean }

const limit = 20
const outside = 'outside the scope of the category'

async function findCandidates(client: Client, text: string, category: string): Promise<Candidate[]> {
  const told = await askNewer(client, 'principal.find', { text, category, limit, eligibility: true })
  if (told !== undefined) return told.principals.map(one => ({ ...one, eligible: one.eligible !== false }))
  const [inScope, all] = await Promise.all([
    client.request('principal.find', { text, category, limit }),
    client.request('principal.find', { text, limit }),
  ])
  const fits = inScope.principals.map(one => ({ ...one, eligible: true }))
  // A full answer may have left some out who are in scope.
  if (fits.length >= limit) return fits
  const known = new Set(fits.map(one => one.id))
  const others = all.principals.filter(one => !known.has(one.id))
  return [...fits, ...others.map(one => ({ ...one, eligible: false, reason: outside }))]
}

/** Who fits a text; the eligible ones first, the others with the reason why they are not. */
export function useCandidates(text: string, category: string) {
  const { client } = useChat()
  const found = useQuery({
    queryKey: ['candidates', text, category],
    queryFn: () => findCandidates(client, text, category),
    enabled: text !== '' && category !== '',
    placeholderData: old => old,
  })
  const people = text === '' ? [] : (found.data ?? [])
  const fault: Fault | undefined = found.error === null ? undefined : faultOf(found.error)
  return {
    people: [...people.filter(one => one.eligible), ...people.filter(one => !one.eligible)],
    isLooking: found.isFetching,
    fault,
  }
}
