import { Button, MessageBar, MessageBarBody, makeStyles, ProgressBar, Text, tokens } from '@fluentui/react-components'
import { useEffect, useRef } from 'react'
import type { Looking } from '../app/simulation.ts'
import { FaultNote } from './FaultNote.tsx'
import { ScopeResult } from './ScopeResult.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    padding: tokens.spacingHorizontalM,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground2,
  },
})

type ScopePreviewProps = { looking: Looking | undefined; narrows: boolean; onCancel: () => void }

/** Who gains, who loses, which rooms lose entries: before a changed scope is saved. */
export function ScopePreview({ looking, narrows, onCancel }: ScopePreviewProps) {
  const styles = useStyles()
  const panel = useRef<HTMLElement>(null)
  const state = looking?.state
  useEffect(() => {
    // It stands at the end of a long form.
    if (state === 'done') panel.current?.scrollIntoView({ block: 'nearest' })
  }, [state])
  if (looking === undefined)
    return narrows ? (
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          This narrows the scope: who falls out of it loses every room of this category at once. Their entries on room
          lists are kept without effect, and count again when the scope is widened.
        </MessageBarBody>
      </MessageBar>
    ) : null
  if (looking.state === 'failed') return <FaultNote fault={looking.fault} />
  return (
    <section ref={panel} className={styles.root} aria-label="What this change does">
      {looking.state === 'running' ? (
        <>
          <Text role="status">Looking who gains and who loses: {Math.floor(looking.progress * 100)} %</Text>
          <ProgressBar aria-label="How far it is" {...(looking.progress === 0 ? {} : { value: looking.progress })} />
          <div>
            <Button size="small" onClick={onCancel}>
              Cancel
            </Button>
          </div>
        </>
      ) : (
        <ScopeResult result={looking.result} />
      )}
    </section>
  )
}
