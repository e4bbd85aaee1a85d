import { QueryClient, type UseQueryResult, useQuery } from '@tanstack/react-query'
import type { Input, Result, Verb } from '../../../src/protocol/request.ts'
import { useChat } from './chat.ts'

/** Answers of verbs, by verb and input. The server tells of changes; `staleTime` only spares a second ask in a row. */
export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: false, staleTime: 5_000, refetchOnWindowFocus: false } },
})

export function useVerb<V extends Verb>(
  verb: V,
  input: Input<V>,
  options: { enabled?: boolean; keepOld?: boolean } = {},
): UseQueryResult<Result<V>> {
  const { ask } = useChat()
  return useQuery<Result<V>>({
    queryKey: [verb, input],
    queryFn: () => ask(verb, input),
    enabled: options.enabled ?? true,
    ...(options.keepOld ? { placeholderData: (old: Result<V> | undefined) => old as never } : {}),
  })
}

/** Asked again every so often while it is shown, and the window is in sight. */
export function useLiveVerb<V extends Verb>(verb: V, input: Input<V>, everyMs: number): UseQueryResult<Result<V>> {
  const { ask } = useChat()
  return useQuery<Result<V>>({
    queryKey: [verb, input],
    queryFn: () => ask(verb, input),
    refetchInterval: everyMs,
    staleTime: 0,
  })
}

/** What was read by these verbs is read again where it is shown. */
export function forget(...verbs: Verb[]): void {
  for (const verb of verbs) void queryClient.invalidateQueries({ queryKey: [verb] })
}
