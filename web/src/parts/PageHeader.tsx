import { Button, makeStyles, Title3, tokens } from '@fluentui/react-components'
import { ArrowLeftRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useNarrow } from '../app/media.ts'
import { go } from '../app/route.ts'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    minHeight: '56px',
    flexShrink: 0,
    flexWrap: 'wrap',
    paddingInline: tokens.spacingHorizontalL,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  title: { flexGrow: 1 },
})

type PageHeaderProps = { title: string; children?: ReactNode }

export function PageHeader({ title, children }: PageHeaderProps) {
  const styles = useStyles()
  const isNarrow = useNarrow()
  return (
    <header className={styles.root}>
      {isNarrow ? (
        <Button
          appearance="subtle"
          icon={<ArrowLeftRegular />}
          aria-label="Back to the rooms"
          onClick={() => go({ page: 'home' })}
        />
      ) : null}
      <Title3 as="h1" className={styles.title}>
        {title}
      </Title3>
      {children}
    </header>
  )
}
