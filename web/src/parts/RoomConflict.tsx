import {
  Button,
  MessageBar,
  MessageBarBody,
  makeStyles,
  mergeClasses,
  Radio,
  RadioGroup,
  Text,
  tokens,
} from '@fluentui/react-components'
import { useEffect, useId, useRef, useState } from 'react'
import { useChat } from '../app/chat.ts'
import { type Glossary, rowTitle, valueWords } from '../app/conflict-words.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { type ConflictRow, isClash, naturalSide, type RoomVersion, type Side } from '../app/room-conflict.ts'
import type { RoomEdit } from '../app/room-edit.ts'
import type { SideOf } from '../app/room-form.ts'
import { saveWarning } from '../app/save-warning.ts'
import { FaultNote } from './FaultNote.tsx'
import { MoveQuestion } from './MoveQuestion.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, maxWidth: '800px' },
  rows: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  row: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderInlineStartWidth: '4px',
    borderRadius: tokens.borderRadiusLarge,
    padding: tokens.spacingHorizontalM,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
    overflowWrap: 'anywhere',
  },
  clash: { borderInlineStartColor: tokens.colorStatusWarningBorderActive },
  title: {
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: tokens.fontWeightSemibold,
    outlineStyle: 'none',
  },
  quiet: { color: tokens.colorNeutralForeground2 },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

/** Entries of lists that only others changed, above which they are summed up. */
const mostQuiet = 20

type RoomConflictProps = {
  theirs: RoomVersion
  rows: readonly ConflictRow[]
  glossary: Glossary
  /** What would be saved, as a change of theirs. */
  takenOf: (sideOf: SideOf) => RoomEdit | undefined
  /** Saves what was taken. */
  onTake: (sideOf: SideOf) => Promise<void>
  /** Brings it into the form instead. */
  onEdit: (sideOf: SideOf) => void
  onDiscard: () => void
}

/** Two people changed a room: what it was, what they made of it and what I would, and I say for each which shall be. */
export function RoomConflict({ theirs, rows, glossary, takenOf, onTake, onEdit, onDiscard }: RoomConflictProps) {
  const styles = useStyles()
  const { me } = useChat()
  const [isMoving, setMoving] = useState(false)
  const [taken, setTaken] = useState<Record<string, Side>>({})
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<Fault>()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const sideOf = (row: ConflictRow) => taken[row.key] ?? naturalSide(row)
  const clashes = rows.filter(isClash)
  const others = rows.filter(row => !isClash(row))
  const quiet = others.filter(row => row.of.kind === 'entry' && row.mine === row.was)
  const shown = [...clashes, ...others.filter(row => !quiet.slice(mostQuiet).includes(row))]
  const open = clashes.filter(row => sideOf(row) === undefined).length
  const edit = takenOf(sideOf)
  const { room } = theirs.card
  const category = edit?.facts.category ?? room.category
  const warning = edit === undefined ? undefined : saveWarning(me, theirs, edit)

  async function save(): Promise<void> {
    setBusy(true)
    setFault(undefined)
    try {
      await onTake(sideOf)
    } catch (error) {
      setFault(faultOf(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <div className={styles.root}>
      <h2 ref={heading} tabIndex={-1} className={styles.title}>
        Somebody else changed this room meanwhile
      </h2>
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          Nothing of yours was saved, and nothing of theirs is lost.{' '}
          {clashes.length === 0
            ? 'You changed different things. Look at them, then save.'
            : 'Where both of you changed the same, choose which shall be.'}
        </MessageBarBody>
      </MessageBar>
      <div className={styles.rows}>
        {shown.map(row => (
          <ConflictField
            key={row.key}
            row={row}
            glossary={glossary}
            side={sideOf(row)}
            isBusy={isBusy}
            onTake={side => setTaken(now => ({ ...now, [row.key]: side }))}
          />
        ))}
        {quiet.length > mostQuiet ? (
          <Text>And {quiet.length - mostQuiet} more changes of theirs on the lists, which stay.</Text>
        ) : null}
      </div>
      <FaultNote fault={fault} />
      {warning === undefined ? null : (
        <Text weight="semibold" role="status">
          {warning}
        </Text>
      )}
      <div className={styles.buttons}>
        <Button
          appearance="primary"
          disabled={isBusy || open > 0}
          onClick={() => (category === room.category ? void save() : setMoving(true))}
        >
          Save what I chose
        </Button>
        <Button disabled={isBusy || open > 0} onClick={() => onEdit(sideOf)}>
          Go on editing with it
        </Button>
        <Button disabled={isBusy} onClick={onDiscard}>
          Discard my changes
        </Button>
        {open === 0 ? null : <Text role="status">{open} to choose</Text>}
      </div>
      <MoveQuestion
        {...{ room, category }}
        categories={glossary.categories}
        isOpen={isMoving}
        onClose={() => setMoving(false)}
        onConfirm={() => onTake(sideOf)}
      />
    </div>
  )
}

type ConflictFieldProps = {
  row: ConflictRow
  glossary: Glossary
  side: Side | undefined
  isBusy: boolean
  onTake: (side: Side) => void
}

function ConflictField({ row, glossary, side, isBusy, onTake }: ConflictFieldProps) {
  const styles = useStyles()
  const titleId = useId()
  const note = isClash(row)
    ? 'Both of you changed it.'
    : row.mine === row.was
      ? 'Only they changed it.'
      : 'Only you changed it.'
  return (
    <div className={mergeClasses(styles.row, isClash(row) && styles.clash)}>
      <Text weight="semibold" id={titleId}>
        {rowTitle(row)}
      </Text>
      <Text size={200} className={styles.quiet}>
        {note} As it was: {valueWords(row, row.was, glossary)}
      </Text>
      <RadioGroup
        aria-labelledby={titleId}
        value={side ?? ''}
        disabled={isBusy}
        onChange={(_, { value }) => onTake(value === 'mine' ? 'mine' : 'theirs')}
      >
        <Radio value="theirs" label={`Theirs: ${valueWords(row, row.theirs, glossary)}`} />
        {row.onlyTheirs ? null : <Radio value="mine" label={`Mine: ${valueWords(row, row.mine, glossary)}`} />}
      </RadioGroup>
      {row.onlyTheirs ? (
        <Text size={200}>
          The list that was there is too long to keep: this page had read only its beginning. To have a list again, save
          and then put people on it.
        </Text>
      ) : null}
    </div>
  )
}
