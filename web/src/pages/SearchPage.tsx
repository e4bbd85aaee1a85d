import { makeStyles, tokens } from '@fluentui/react-components'
import { go } from '../app/route.ts'
import { parseSearch, searchString } from '../app/search-query.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { PageHeader } from '../parts/PageHeader.tsx'
import { SearchForm } from '../parts/SearchForm.tsx'
import { SearchResults } from '../parts/SearchResults.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, overflowY: 'auto' },
  body: { maxWidth: '880px', padding: tokens.spacingHorizontalL },
})

/** Search in every room that I may read. The search stands in the address: it can be kept and shared. */
export function SearchPage({ query }: { query: string }) {
  const styles = useStyles()
  const parsed = parseSearch(query)
  useWindowTitle('Search')
  return (
    <main className={styles.root} data-pane="search">
      <PageHeader title="Search messages" />
      <div className={styles.body}>
        <SearchForm initial={parsed} onSearch={next => go({ page: 'search', query: searchString(next) })} />
        <SearchResults query={parsed} />
      </div>
    </main>
  )
}
