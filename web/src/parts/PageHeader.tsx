import { Button, makeStyles, Title3, tokens } from '@fluentui/react-components'
import { ArrowLeftRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useNarrow } from '../app/media.ts'
import { go, type Route } from '../app/route.ts'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    minHeight: '56px',
    flexShrink: 0,
    flexWrap: 'wrap',
    paddingInline: tokens.spacingHorizontalL,
    paddingBlock: tokens.spacingVerticalS,
    boxSizing: 'border-box',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  title: { flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere' },
})

type PageHeaderProps = {
  title: string
  /** The page that this one is a part of; there is a way back to it at every width. */
  back?: Route
  children?: ReactNode
}

export function PageHeader({ title, back, children }: PageHeaderProps) {
  const styles = useStyles()
  const isNarrow = useNarrow()
  return (
    <header className={styles.root}>
      {isNarrow || back !== undefined ? (
        <Button
          appearance="subtle"
          icon={<ArrowLeftRegular />}
          aria-label={back === undefined ? 'Back to the rooms' : 'Back'}
          onClick={() => go(back ?? { page: 'home' })}
        />
      ) : null}
      <Title3 as="h1" className={styles.title}>
        {title}
      </Title3>
      {children}
    </header>
  )
}
