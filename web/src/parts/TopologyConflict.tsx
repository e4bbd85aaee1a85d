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
import { checkText } from '../app/topology-check.ts'
import type { Base } from '../app/topology-edit.ts'
import { FaultNote } from './FaultNote.tsx'
import { TopologyDifferences } from './TopologyDifferences.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

type TopologyConflictProps = {
  /** What stands there now; undefined where nothing does. */
  theirs: (PublicationCard & { text: string }) | undefined
  base: Base
  mine: string
  onKeepMine: () => void
  onTakeTheirs: () => void
}

/**
 * Somebody published while another one typed, or the store is another one than it was: what each has changed, and nothing is overwritten
 * until he says how to go on.
 */
export function TopologyConflict({ theirs, base, mine, onKeepMine, onTakeTheirs }: TopologyConflictProps) {
  const styles = useStyles()
  const own = base.version === 0 ? 'nothing' : `version ${base.version}`
  if (theirs === undefined)
    return (
      <section className={styles.root} aria-label="Nothing is published any more">
        <MessageBar intent="warning" layout="multiline" role="alert">
          <MessageBarBody>
            <MessageBarTitle>Nothing is published here any more</MessageBarTitle> Yours is based on {own}, which this
            Central Management Store does not have: it was emptied or restored, or the server was told of another one.
            What you have before you may be the last copy. Download it before you go on.
          </MessageBarBody>
        </MessageBar>
        <div className={styles.buttons}>
          <Button onClick={onKeepMine}>Go on with mine, as the first version</Button>
          <Button onClick={onTakeTheirs}>Begin from nothing; Undo brings mine back</Button>
        </div>
      </section>
    )
  // What was published after it has a higher number.
  const isRestored = theirs.version <= base.version
  return (
    <section className={styles.root} aria-label="Published meanwhile">
      <MessageBar intent="warning" layout="multiline" role="alert">
        <MessageBarBody>
          <MessageBarTitle>
            {isRestored
              ? `This store has another version ${theirs.version}`
              : `Version ${theirs.version} was published meanwhile`}
          </MessageBarTitle>{' '}
          by {theirs.author} on {exactTime(theirs.at)}
          {theirs.note === '' ? '' : ` (${theirs.note})`}. Yours is based on {own}
          {isRestored ? ', which is not in it: it was restored, or the server was told of another one' : ''}. Nothing of
          either is lost.
        </MessageBarBody>
      </MessageBar>
      {base.version === 0 ? (
        <Compared title="How yours differs from it" label="What differs" text={mine} before={theirs.text} />
      ) : (
        <>
          <Compared
            title={isRestored ? `How it differs from ${own}, as you had it` : `What ${theirs.author} changed`}
            label="What they changed"
            text={theirs.text}
            before={base.text}
          />
          {mine === base.text ? (
            <Text weight="semibold">You changed nothing: before you is {own}, as it was published.</Text>
          ) : (
            <Compared title="What you changed" label="What you changed" text={mine} before={base.text} />
          )}
        </>
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

type ComparedProps = {
  title: string
  label: string
  text: string
  /** As this browser has it: the store may have another one under that number. */
  before: string
}

function Compared({ title, label, text: typed, before }: ComparedProps) {
  const { ask } = useChat()
  const text = useSettled(typed, 500)
  const { data, error } = useQuery({
    queryKey: ['topology.check', 'conflict', before, text],
    queryFn: () => checkText(ask, { text, before }),
    gcTime: 0,
    placeholderData: keepPreviousData,
  })
  return (
    <>
      <Text weight="semibold">{title}</Text>
      {error === null ? null : <FaultNote fault={faultOf(error)} />}
      {data === undefined ? (
        error === null ? (
          <Spinner delay={300} label="Comparing" />
        ) : null
      ) : (
        <TopologyDifferences label={label} differences={data.differences} more={data.moreDifferences} />
      )}
    </>
  )
}
