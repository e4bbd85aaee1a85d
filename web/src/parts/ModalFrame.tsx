import { Button, makeStyles, Subtitle1, tokens } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { useFocusReturn } from '../app/focus-return.ts'

const useStyles = makeStyles({
  root: {
    boxSizing: 'border-box',
    width: '600px',
    maxWidth: 'calc(100vw - 16px)',
    maxHeight: 'calc(100vh - 16px)',
    padding: tokens.spacingHorizontalXXL,
    border: `1px solid ${tokens.colorTransparentStroke}`,
    borderRadius: tokens.borderRadiusXLarge,
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow64,
    '::backdrop': { backgroundColor: tokens.colorBackgroundOverlay },
  },
  head: { display: 'flex', alignItems: 'flex-start', gap: tokens.spacingHorizontalM },
  title: { flexGrow: 1, overflowWrap: 'anywhere' },
  body: { marginBlockStart: tokens.spacingVerticalM },
  actions: {
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'flex-end',
    gap: tokens.spacingHorizontalS,
    marginBlockStart: tokens.spacingVerticalXL,
  },
})

type ModalFrameProps = { title: string; onClose: () => void; actions?: ReactNode; children: ReactNode }

/**
 * Every dialog of the window, while it is open. The browser's own: it traps the focus, makes the page behind inert and
 * gives the focus back. Fluent's left the page hidden from screen readers when it went away in the same turn.
 */
export function ModalFrame({ title, onClose, actions, children }: ModalFrameProps) {
  const styles = useStyles()
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useFocusReturn()
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    // The browser would choose the button that closes. A question's first button is the one that does no harm.
    element?.querySelector<HTMLElement>('[data-body] :is(input, textarea, select), [data-actions] button')?.focus()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      className={styles.root}
      aria-labelledby={titleId}
      onCancel={event => {
        event.preventDefault()
        onClose()
      }}
      // Escape is this dialog's, not the room's behind it.
      onKeyDown={event => event.stopPropagation()}
      onClick={event => {
        if (event.target === dialog.current) onClose()
      }}
    >
      <div className={styles.head}>
        <Subtitle1 as="h2" id={titleId} className={styles.title}>
          {title}
        </Subtitle1>
        <Button appearance="subtle" aria-label="Close" icon={<DismissRegular />} onClick={onClose} />
      </div>
      <div className={styles.body} data-body>
        {children}
      </div>
      {actions === undefined ? null : (
        <div className={styles.actions} data-actions>
          {actions}
        </div>
      )}
    </dialog>
  )
}
