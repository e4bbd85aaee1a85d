import { Button, makeStyles, mergeClasses, Subtitle2, tokens } from '@fluentui/react-components'
import { ArrowLeftRegular, DismissRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useNarrow, useTight } from '../app/media.ts'

const useStyles = makeStyles({
  root: {
    width: '340px',
    flexShrink: 0,
    display: 'flex',
    flexDirection: 'column',
    minHeight: 0,
    borderLeft: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  wide: { width: '420px' },
  over: {
    position: 'absolute',
    insetBlock: 0,
    insetInlineEnd: 0,
    zIndex: 10,
    boxShadow: tokens.shadow28,
    maxWidth: '100%',
  },
  alone: { width: '100%', borderLeft: 'none', boxShadow: 'none' },
  header: { display: 'flex', alignItems: 'center', minHeight: '56px', paddingInline: tokens.spacingHorizontalM },
  title: { flexGrow: 1 },
  body: {
    overflowY: 'auto',
    flexGrow: 1,
    minHeight: 0,
    paddingInline: tokens.spacingHorizontalM,
    paddingBlockEnd: tokens.spacingVerticalL,
  },
})

type SidePaneProps = { title: string; isWide?: boolean; onClose: () => void; children: ReactNode }

export function SidePane({ title, isWide = false, onClose, children }: SidePaneProps) {
  const styles = useStyles()
  const isNarrow = useNarrow()
  const isTight = useTight()
  return (
    <aside
      aria-label={title}
      data-pane="side"
      tabIndex={-1}
      className={mergeClasses(styles.root, isWide && styles.wide, isTight && styles.over, isNarrow && styles.alone)}
      onKeyDown={event => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.stopPropagation()
        onClose()
      }}
    >
      <div className={styles.header}>
        {isNarrow ? (
          <Button appearance="subtle" icon={<ArrowLeftRegular />} aria-label="Back to the messages" onClick={onClose} />
        ) : null}
        <Subtitle2 as="h2" className={styles.title}>
          {title}
        </Subtitle2>
        {isNarrow ? null : (
          <Button appearance="subtle" icon={<DismissRegular />} aria-label="Close this pane" onClick={onClose} />
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <div className={styles.body} tabIndex={0}>
        {children}
      </div>
    </aside>
  )
}
