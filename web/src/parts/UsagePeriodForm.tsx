import { Button, Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { periods, type UsagePeriod } from '../app/usage-period.ts'

const useStyles = makeStyles({
  root: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'flex-end' },
})

type UsagePeriodFormProps = { period: UsagePeriod; onShow: (period: UsagePeriod) => void }

/** Of when the report is, and since when who did nothing counts as inactive. */
export function UsagePeriodForm({ period, onShow }: UsagePeriodFormProps) {
  const styles = useStyles()
  const [now, setNow] = useState(period)
  const change = (patch: Partial<UsagePeriod>) => setNow(old => ({ ...old, ...patch }))
  return (
    <form
      aria-label="Period of the report"
      className={styles.root}
      onSubmit={event => {
        event.preventDefault()
        onShow(now)
      }}
    >
      <Field label="Period">
        <Select
          value={now.days}
          onChange={(_, { value }) => {
            change({ days: value })
            if (value !== 'own') onShow({ ...now, days: value })
          }}
        >
          {Object.entries(periods).map(([days, words]) => (
            <option key={days} value={days}>
              {words}
            </option>
          ))}
          <option value="own">From one day to another</option>
        </Select>
      </Field>
      {now.days === 'own' ? (
        <>
          <Field label="From">
            <Input type="date" value={now.from} onChange={(_, { value }) => change({ from: value })} />
          </Field>
          <Field label="Until">
            <Input type="date" value={now.until} onChange={(_, { value }) => change({ until: value })} />
          </Field>
        </>
      ) : null}
      <Field label="Inactive since">
        <Input type="date" value={now.inactive} onChange={(_, { value }) => change({ inactive: value })} />
      </Field>
      <Button type="submit">Show</Button>
    </form>
  )
}
