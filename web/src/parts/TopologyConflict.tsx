import {
  Button,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { PublicationCard } from '../../../src/protocol/topology-verbs.ts'
import { useChat } from '../app/chat.ts'
import { useSettled } from '../app/debounce.ts'
import { faultOf } from '../app/fault.ts'
import { exactTime } from '../app/time.ts'
import type { Base } from '../app/topology-edit.ts'
import { FaultNote } from './FaultNote.tsx'
import { TopologyDifferences } from './TopologyDifferences.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

type TopologyConflictProps = {
  /** What was published meanwhile. */
  theirs: PublicationCard & { text: string }
  base: Base
  mine: string
  onKeepMine: () => void
  onTakeTheirs: () => void
}

/** Somebody published while another one typed: both changes side by side, and nothing is overwritten until he says how to go on. */
export function TopologyConflict({ theirs, base, mine: typed, onKeepMine, onTakeTheirs }: TopologyConflictProps) {
  const styles = useStyles()
  const { ask } = useChat()
  const mine = useSettled(typed, 500)
  // On a store that was restored there may be no such version.
  const compare = (text: string, who: string) => ({
    queryKey: ['topology.check', 'conflict', who, theirs.version, base.version, text],
    queryFn: () => ask('topology.check', { text, ...(base.version > 0 ? { against: base.version } : {}) }),
    gcTime: 0,
    placeholderData: keepPreviousData,
  })
  const his = useQuery(compare(theirs.text, 'theirs'))
  const own = useQuery(compare(mine, 'mine'))
  const fault = his.error ?? own.error
  return (
    <section className={styles.root} aria-label="Published meanwhile">
      <MessageBar intent="warning" layout="multiline" role="alert">
        <MessageBarBody>
          <MessageBarTitle>Version {theirs.version} was published meanwhile</MessageBarTitle> by {theirs.author} on{' '}
          {exactTime(theirs.at)}
          {theirs.note === '' ? '' : ` (${theirs.note})`}. Yours is based on{' '}
          {base.version === 0 ? 'nothing' : `version ${base.version}`}. Nothing of either is lost.
        </MessageBarBody>
      </MessageBar>
      {fault === null ? null : <FaultNote fault={faultOf(fault)} />}
      <Text weight="semibold">What {theirs.author} changed</Text>
      {his.data === undefined ? (
        his.error === null ? (
          <Spinner delay={300} label="Comparing" />
        ) : null
      ) : (
        <TopologyDifferences
          label="What they changed"
          differences={his.data.differences}
          more={his.data.moreDifferences}
        />
      )}
      <Text weight="semibold">What you changed</Text>
      {own.data === undefined ? (
        own.error === null ? (
          <Spinner delay={300} label="Comparing" />
        ) : null
      ) : (
        <TopologyDifferences
          label="What you changed"
          differences={own.data.differences}
          more={own.data.moreDifferences}
        />
      )}
      <div className={styles.buttons}>
        <Button onClick={onKeepMine}>Go on with mine, on version {theirs.version}</Button>
        <Button onClick={onTakeTheirs}>Take theirs; Undo brings mine back</Button>
      </div>
      <Text>
        Who goes on with his own sees in the picture and before publishing what it would take back of version{' '}
        {theirs.version}. Take it over where it is to stay.
      </Text>
    </section>
  )
}
