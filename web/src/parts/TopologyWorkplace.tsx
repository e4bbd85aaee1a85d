import { Button, MessageBar, MessageBarBody, makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components'
import { useEffect, useRef, useState } from 'react'
import { useTight } from '../app/media.ts'
import type { Problem } from '../app/topology-check.ts'
import type { TopologyEditing } from '../app/topology-editing.ts'
import { partAround } from '../app/topology-parts.ts'
import { FaultNote } from './FaultNote.tsx'
import { TopologyForm } from './TopologyForm.tsx'
import { TopologyList } from './TopologyList.tsx'
import type { FormActions } from './TopologyOptions.tsx'
import { TopologyPicture } from './TopologyPicture.tsx'
import { TopologyProblems } from './TopologyProblems.tsx'
import { TopologyText } from './TopologyText.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', alignItems: 'flex-start', gap: tokens.spacingHorizontalXL, minWidth: 0 },
  tight: { flexDirection: 'column', alignItems: 'stretch' },
  view: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalL,
    flexGrow: 1,
    flexBasis: 0,
    minWidth: 0,
  },
  form: {
    width: '400px',
    flexShrink: 0,
    boxSizing: 'border-box',
    paddingLeft: tokens.spacingHorizontalL,
    // A long picture must not leave the form behind.
    position: 'sticky',
    top: 0,
    maxHeight: 'calc(100vh - 100px)',
    overflowY: 'auto',
    paddingRight: tokens.spacingHorizontalS,
    paddingBottom: tokens.spacingVerticalM,
    borderLeft: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  legend: { marginTop: tokens.spacingVerticalM, color: tokens.colorNeutralForeground2 },
  below: { width: 'auto', paddingLeft: 0, borderLeft: 'none', position: 'static', maxHeight: 'none' },
})

export type View = 'picture' | 'list' | 'text'

type TopologyWorkplaceProps = {
  editing: TopologyEditing
  view: View
  selected: string
  /** Another number each time that somebody chooses a part. */
  choice: number
  actions: FormActions
  onSelect: (pointer: string) => void
  onView: (view: View) => void
}

/** The picture, the list or the text, and beside it the form of the part that is chosen. */
export function TopologyWorkplace({
  editing,
  view,
  selected,
  choice,
  actions,
  onSelect,
  onView,
}: TopologyWorkplaceProps) {
  const styles = useStyles()
  const isTight = useTight()
  const form = useRef<HTMLDivElement>(null)
  const focused = useRef(choice)
  // Whoever chooses a part goes on in its form. It also comes back where a text was torn for a moment: then nobody chose it.
  useEffect(() => {
    if (choice === focused.current) return
    focused.current = choice
    form.current?.querySelector('h3')?.focus()
  }, [choice])
  const [goTo, setGoTo] = useState<{ line: number; wish: number }>()
  const { edit, state, check, problems, parts, reading, schema } = editing
  const { checked, picture, fault } = check
  const isStale = checked !== undefined && checked.picture === null
  const openPart = ({ path }: Problem) => {
    const part = partAround(parts, path)
    return part === undefined ? undefined : () => onSelect(part.pointer)
  }
  const goToLine = (line: number) => {
    onView('text')
    setGoTo(before => ({ line, wish: (before?.wish ?? 0) + 1 }))
  }
  return (
    <div className={mergeClasses(styles.root, isTight && styles.tight)}>
      <div className={styles.view}>
        <FaultNote fault={fault} />
        {view === 'text' ? (
          <TopologyText
            text={state.text}
            problems={problems}
            isReadOnly={false}
            goTo={goTo}
            onChange={text => edit.set(text, 'text')}
          />
        ) : view === 'list' ? (
          <TopologyList
            parts={parts}
            nodes={picture?.nodes ?? []}
            problems={problems}
            selected={selected}
            onSelect={onSelect}
          />
        ) : (
          <>
            {isStale ? (
              <MessageBar intent="warning" layout="multiline">
                <MessageBarBody>
                  The document cannot be read as it is now. The picture is of the last one that could.
                </MessageBarBody>
              </MessageBar>
            ) : null}
            {picture === undefined ? null : (
              <TopologyPicture picture={picture} selected={selected} onSelect={onSelect} />
            )}
            {picture !== undefined && picture.more > 0 ? (
              <Text>{picture.more.toLocaleString()} more parts are not drawn. The list has all of them.</Text>
            ) : null}
          </>
        )}
        {checked === undefined ? null : (
          <TopologyProblems problems={problems} more={checked.more} onPart={openPart} onLine={goToLine} />
        )}
      </div>
      <div ref={form} className={mergeClasses(styles.form, isTight && styles.below)}>
        {reading.fault !== undefined ? (
          <>
            <Text block>{reading.fault} Mend it in the text; the forms come back then.</Text>
            {view === 'text' ? null : <Button onClick={() => onView('text')}>Open the text</Button>}
          </>
        ) : selected === '' || schema === undefined ? (
          <>
            <Text block>Choose a part to see its options, or add one.</Text>
            {view === 'picture' ? (
              <Text block className={styles.legend}>
                A thick line leads from where people sign in to the pool that they chat in; thin lines lead to what a
                pool talks to. A dashed card is on stand-by. Marks: + new, ~ changed, − gone against what is published,
                ✕ errors, ! advice.
              </Text>
            ) : null}
          </>
        ) : (
          <TopologyForm
            key={choice}
            schema={schema}
            value={reading.value}
            pointer={selected}
            parts={parts}
            problems={problems}
            actions={actions}
            onSelect={onSelect}
            onRemove={actions.remove}
          />
        )}
      </div>
    </div>
  )
}
