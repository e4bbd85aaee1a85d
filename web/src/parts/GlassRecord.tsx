import { makeStyles, Text, tokens } from '@fluentui/react-components'
import type { Result } from '../../../src/protocol/request.ts'
import { shortTime } from '../app/time.ts'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS },
  reason: { color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
})

const maxShown = 10

/** For managers and administrators: who read the room lately without being a member of it, and why. */
export function GlassRecord({ card }: { card: Result<'room.get'> }) {
  const styles = useStyles()
  const broken = card.glassBroken ?? []
  if (broken.length === 0) return null
  return (
    <section className={styles.root} aria-label="Read by administrators">
      <Text weight="semibold">Read by administrators who are no members, in the last 90 days</Text>
      {broken.slice(0, maxShown).map(({ by, at, until, reason }) => (
        <Text key={`${by.id} ${at}`} size={200}>
          {by.displayName}, {shortTime(at)} until {shortTime(until)}: <span className={styles.reason}>{reason}</span>
        </Text>
      ))}
    </section>
  )
}
