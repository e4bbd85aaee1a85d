import { useQuery } from '@tanstack/react-query'
import type { Input } from '../../../src/protocol/request.ts'
import type { UsageReport } from '../../../src/protocol/usage-verbs.ts'
import { adminSectionsOf } from './admin-sections.ts'
import { useChat } from './chat.ts'
import { faultOf } from './fault.ts'

export type UsageInput = Input<'usage.report'>
export type { UsageReport }
export type UsedRoom = UsageReport['rooms']['mostActive'][number]
export type UsedUser = UsageReport['users']['mostActive'][number]
export type IdleRoom = UsageReport['rooms']['inactive']['longest'][number]
export type IdleUser = UsageReport['users']['inactive']['longest'][number]
export type Bucket = UsageReport['daily'][number]

/** Whether the server reports usage, which one of the version before does not: it is asked for what it must refuse, which costs nothing. */
export function useKnowsUsage(): boolean {
  const { client, me } = useChat()
  const { data = false } = useQuery({
    queryKey: ['usage.report', 'known'],
    queryFn: () =>
      client.request('usage.report', { limit: 0 }).then(
        () => true,
        error => faultOf(error).code === 'invalid_argument',
      ),
    enabled: adminSectionsOf(me).includes('usage'),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return data
}

export function useUsage(input: UsageInput) {
  const { client } = useChat()
  return useQuery({
    queryKey: ['usage.report', input],
    queryFn: async () => (await client.request('usage.report', input)).report,
    staleTime: 60_000,
    placeholderData: (old: UsageReport | undefined) => old,
  })
}
