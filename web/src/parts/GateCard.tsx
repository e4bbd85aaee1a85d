import { Card, makeStyles, Title2, tokens } from '@fluentui/react-components'
import type { ReactNode } from 'react'

const useStyles = makeStyles({
  root: {
    height: '100%',
    overflowY: 'auto',
    display: 'flex',
    alignItems: 'flex-start',
    justifyContent: 'center',
    backgroundColor: tokens.colorNeutralBackground2,
    paddingBlock: '10vh',
    paddingInline: tokens.spacingHorizontalM,
    boxSizing: 'border-box',
  },
  card: { width: '400px', maxWidth: '100%', padding: tokens.spacingHorizontalXXL, gap: tokens.spacingVerticalL },
  title: { margin: 0 },
})

/** The frame of the pages outside of the window: set-up and sign-in. */
export function GateCard({ title, children }: { title: string; children: ReactNode }) {
  const styles = useStyles()
  return (
    <main className={styles.root}>
      <Card className={styles.card}>
        <Title2 as="h1" className={styles.title}>
          {title}
        </Title2>
        {children}
      </Card>
    </main>
  )
}
