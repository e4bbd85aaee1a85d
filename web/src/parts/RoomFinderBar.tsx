import { Input, makeStyles, Select, tokens } from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import type { Result } from '../../../src/protocol/request.ts'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    alignItems: 'center',
    padding: tokens.spacingHorizontalL,
  },
  text: { flexGrow: 1, minWidth: '200px', maxWidth: '480px' },
})

type RoomFinderBarProps = {
  text: string
  onText: (text: string) => void
  categories: Result<'category.list'>['categories']
  /** Empty: all of them. */
  category: string
  onCategory: (category: string) => void
  children?: ReactNode
}

/** What rooms are looked for by. */
export function RoomFinderBar({ text, onText, categories, category, onCategory, children }: RoomFinderBarProps) {
  const styles = useStyles()
  return (
    <div className={styles.root}>
      <Input
        className={styles.text}
        type="search"
        aria-label="Name or words of the description"
        placeholder="Name or words of the description"
        contentBefore={<SearchRegular aria-hidden />}
        value={text}
        onChange={(_, { value }) => onText(value)}
      />
      <Select aria-label="Category" value={category} onChange={(_, { value }) => onCategory(value)}>
        <option value="">All categories</option>
        {categories.map(one => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </Select>
      {children}
    </div>
  )
}
