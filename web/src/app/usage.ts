import { useQuery } from '@tanstack/react-query'
import type { Client } from '../../../src/client/client.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { adminSectionsOf } from './admin-sections.ts'
import { useChat } from './chat.ts'
import { faultOf } from './fault.ts'

type RoomRef = { id: string; name: string; categoryName: string }
export type UsedRoom = { room: RoomRef; disabled: boolean; messages: number }
export type UsedUser = { principal: Principal; messages: number }
export type IdleRoom = { room: RoomRef; createdAt: string; lastPostAt: string | null }
export type IdleUser = { principal: Principal; lastPostDay: string | null; lastSignInAt: string | null }
export type Bucket = { day: string; days: number; messages: number; rooms: number; users: number }

/** The answer of `usage.report`. */
export type UsageReport = {
  from: string
  until: string
  inactiveSince: string
  exactSince: string
  counting: boolean
  totals: {
    messages: number
    rooms: { enabled: number; disabled: number }
    users: { enabled: number; disabled: number; bots: number }
    files: number
    fileBytes: number
    storedBytes: number
  }
  period: { messages: number; activeRooms: number; activeUsers: number }
  rooms: { mostActive: UsedRoom[]; leastActive: UsedRoom[]; inactive: { count: number; longest: IdleRoom[] } }
  users: { mostActive: UsedUser[]; leastActive: UsedUser[]; inactive: { count: number; longest: IdleUser[] } }
  daily: Bucket[]
  weekly: Bucket[]
  monthly: Bucket[]
}

export type UsageInput = { from?: string; until?: string; inactiveSince?: string; limit?: number }

/** A server of the version before does not know the verb. */
function ask(client: Client, input: UsageInput): Promise<unknown> {
  const request = client.request as (verb: string, input: object) => Promise<unknown>
  return request('usage.report', input)
}

/** Whether the server reports usage: it is asked for what it must refuse, which costs nothing. */
export function useKnowsUsage(): boolean {
  const { client, me } = useChat()
  const { data = false } = useQuery({
    queryKey: ['usage.report', 'known'],
    queryFn: () =>
      ask(client, { limit: 0 }).then(
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
    queryFn: async () => ((await ask(client, input)) as { report: UsageReport }).report,
    staleTime: 60_000,
    placeholderData: (old: UsageReport | undefined) => old,
  })
}
