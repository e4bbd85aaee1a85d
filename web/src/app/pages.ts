import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery } from '@tanstack/react-query'
import type { Input, Result } from '../../../src/protocol/request.ts'
import { useChat } from './chat.ts'

type PagedVerb = 'room.find' | 'room.list' | 'message.search'

/** A list that comes page by page, by the server's own mark of where the next one begins. */
export function usePages<V extends PagedVerb>(
  verb: V,
  input: Input<V> | undefined,
): UseInfiniteQueryResult<InfiniteData<Result<V>>> {
  const { client } = useChat()
  return useInfiniteQuery({
    queryKey: [verb, input],
    queryFn: ({ pageParam }) =>
      client.request(verb, { ...input, ...(pageParam === '' ? {} : { after: pageParam }) } as Input<V>),
    initialPageParam: '',
    getNextPageParam: (last: Result<V>) => (last as { next?: string }).next,
    enabled: input !== undefined,
  })
}
