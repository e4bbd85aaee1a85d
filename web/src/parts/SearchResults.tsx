import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { faultOf } from '../app/fault.ts'
import { usePages } from '../app/pages.ts'
import type { Pane } from '../app/route.ts'
import { type SearchQuery, searchInput } from '../app/search-query.ts'
import { EmptyState } from './EmptyState.tsx'
import { FaultNote } from './FaultNote.tsx'
import { SearchResult } from './SearchResult.tsx'

const useStyles = makeStyles({
  list: { listStyle: 'none', margin: 0, padding: 0, marginBlock: tokens.spacingVerticalM },
  quiet: { color: tokens.colorNeutralForeground2 },
})

type SearchResultsProps = { query: SearchQuery; pane?: Pane }

export function SearchResults({ query, pane }: SearchResultsProps) {
  const styles = useStyles()
  const input = searchInput(query)
  const found = usePages('message.search', input)
  if (input === undefined)
    return (
      <EmptyState title="Type what you look for, or choose an author. Only rooms that you may read are searched." />
    )
  if (found.isPending) return <Spinner size="small" label="Searching" delay={300} />
  if (found.error !== null) return <FaultNote fault={faultOf(found.error)} />
  const results = found.data.pages.flatMap(page => page.matches)
  if (results.length === 0) return <EmptyState title='Nothing found. Try "Any word", fewer words or more days.' />
  return (
    <>
      <Text size={200} className={styles.quiet} role="status">
        {results.length}
        {found.hasNextPage ? ' or more' : ''} found, newest first
      </Text>
      <ul className={styles.list}>
        {results.map(({ room, message }) => (
          <SearchResult key={`${room}/${message.seq}`} room={room} message={message} pane={pane} />
        ))}
      </ul>
      {found.hasNextPage ? (
        <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          Show more
        </Button>
      ) : null}
    </>
  )
}
