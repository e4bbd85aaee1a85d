import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    paddingInline: tokens.spacingHorizontalL,
    paddingBlock: '6px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    '::before': { content: '""', flexGrow: 1, borderTop: `1px solid ${tokens.colorNeutralStroke2}` },
    '::after': { content: '""', flexGrow: 1, borderTop: `1px solid ${tokens.colorNeutralStroke2}` },
  },
  unread: {
    color: tokens.colorBrandForeground1,
    fontWeight: tokens.fontWeightSemibold,
    '::before': { borderTopColor: tokens.colorBrandStroke1 },
    '::after': { borderTopColor: tokens.colorBrandStroke1 },
  },
})

type DividerLineProps = { text: string; isUnread?: boolean }

/** A day, or "New since 09:14". */
export function DividerLine({ text, isUnread = false }: DividerLineProps) {
  const styles = useStyles()
  return (
    <div className={mergeClasses(styles.root, isUnread && styles.unread)} data-unread-line={isUnread || undefined}>
      {text}
    </div>
  )
}
