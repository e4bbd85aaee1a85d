import { useState } from 'react'
import { parseSearch, type SearchQuery } from '../app/search-query.ts'
import { SearchForm } from './SearchForm.tsx'
import { SearchResults } from './SearchResults.tsx'

/** Search beside the stream, in this room until one widens it. */
export function SearchPanel({ room }: { room: string }) {
  const [query, setQuery] = useState<SearchQuery>(() => ({ ...parseSearch(''), room }))
  return (
    <>
      <SearchForm room={room} initial={query} onSearch={setQuery} />
      <SearchResults query={query} pane="search" />
    </>
  )
}
