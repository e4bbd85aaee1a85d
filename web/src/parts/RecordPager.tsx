import { Button } from '@fluentui/react-components'

type RecordPagerProps = {
  /** Id of the entry that the page begins after; undefined: the newest page. */
  before: number | undefined
  /** Id of the last entry of a full page; undefined where there is none older. */
  last: number | undefined
  onTurn: (before: number | undefined) => void
}

/** Pages of a record that is read newest first. */
export function RecordPager({ before, last, onTurn }: RecordPagerProps) {
  return (
    <div>
      <Button disabled={before === undefined} onClick={() => onTurn(undefined)}>
        Newest
      </Button>{' '}
      <Button disabled={last === undefined} onClick={() => onTurn(last)}>
        Older
      </Button>
    </div>
  )
}
