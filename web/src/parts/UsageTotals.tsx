import { makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { sizeWords } from '../app/count-words.ts'
import type { UsageReport } from '../app/usage.ts'

const useStyles = makeStyles({
  grid: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(168px, 1fr))',
    gap: tokens.spacingHorizontalM,
    margin: 0,
    marginBlockStart: tokens.spacingVerticalS,
  },
  card: {
    display: 'flex',
    flexDirection: 'column-reverse',
    justifyContent: 'flex-end',
    padding: tokens.spacingHorizontalM,
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    breakInside: 'avoid',
  },
  figure: { margin: 0, fontVariantNumeric: 'tabular-nums' },
})

/** What there is, and what was in the period. */
export function UsageTotals({ report }: { report: UsageReport }) {
  const { totals, period, from, until } = report
  const number = (value: number) => value.toLocaleString()
  const inPeriod = [
    { name: 'Messages posted', figure: number(period.messages) },
    { name: 'Rooms with posts', figure: number(period.activeRooms), more: `of ${number(totals.rooms.enabled)} in use` },
    {
      name: 'Users who posted',
      figure: number(period.activeUsers),
      more: `of ${number(totals.users.enabled)} enabled`,
    },
  ]
  const ever = [
    { name: 'Messages', figure: number(totals.messages), more: 'removed ones among them' },
    { name: 'Rooms', figure: number(totals.rooms.enabled), more: `and ${number(totals.rooms.disabled)} disabled` },
    {
      name: 'Users',
      figure: number(totals.users.enabled),
      more: `and ${number(totals.users.disabled)} disabled, ${number(totals.users.bots)} bots`,
    },
    {
      name: 'Files',
      figure: number(totals.files),
      more: `${sizeWords(totals.fileBytes)}, ${sizeWords(totals.storedBytes)} stored`,
    },
  ]
  return (
    <>
      <Cards title={`From ${from} to ${until}`} cards={inPeriod} />
      <Cards title="In all" cards={ever} />
    </>
  )
}

type Card = { name: string; figure: string; more?: string }

function Cards({ title, cards }: { title: string; cards: readonly Card[] }) {
  const styles = useStyles()
  return (
    <section aria-label={title}>
      <Subtitle2 as="h3">{title}</Subtitle2>
      <dl className={styles.grid}>
        {cards.map(({ name, figure, more }) => (
          <div key={name} className={styles.card}>
            <dt>
              <Text>{name}</Text>
              {more === undefined ? null : (
                <Text block size={200}>
                  {more}
                </Text>
              )}
            </dt>
            <dd className={styles.figure}>
              <Text size={600} weight="semibold">
                {figure}
              </Text>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
