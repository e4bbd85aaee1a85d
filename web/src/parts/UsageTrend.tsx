import { Field, makeStyles, Select, Subtitle2, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Bucket, UsageReport } from '../app/usage.ts'
import { BarChart } from './BarChart.tsx'
import { type Column, DataTable } from './DataTable.tsx'
import { ExportCsv } from './ExportCsv.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  bar: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    alignItems: 'flex-end',
    '@media print': { display: 'none' },
  },
  summary: { cursor: 'pointer' },
})

const measures = { messages: 'Messages', rooms: 'Rooms with posts', users: 'Users who posted' } as const
type Measure = keyof typeof measures
const steps = { daily: 'Day', weekly: 'Week', monthly: 'Month' } as const
type Step = keyof typeof steps

const columns: Column<Bucket>[] = [
  { name: 'From day', text: one => one.day, sortBy: one => one.day },
  { name: 'Days', text: one => String(one.days), sortBy: one => one.days, isNumber: true },
  { name: 'Messages', text: one => String(one.messages), sortBy: one => one.messages, isNumber: true },
  { name: 'Rooms with posts', text: one => String(one.rooms), sortBy: one => one.rooms, isNumber: true },
  { name: 'Users who posted', text: one => String(one.users), sortBy: one => one.users, isNumber: true },
]

/** So that bars stay bars: days of a month, weeks of a quarter, else months. */
function fitting({ daily, weekly }: UsageReport): Step {
  if (daily.length <= 45) return 'daily'
  return weekly.length <= 45 ? 'weekly' : 'monthly'
}

/** How it went on, as a chart and as the table behind it. */
export function UsageTrend({ report }: { report: UsageReport }) {
  const styles = useStyles()
  const [measure, setMeasure] = useState<Measure>('messages')
  const [chosen, setStep] = useState<Step>()
  const step = chosen ?? fitting(report)
  const buckets = report[step]
  return (
    <section className={styles.root} aria-label="Trend">
      <Subtitle2 as="h3">Trend</Subtitle2>
      <div className={styles.bar}>
        <Field label="What">
          <Select value={measure} onChange={(_, { value }) => setMeasure(value as Measure)}>
            {Object.entries(measures).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="By">
          <Select value={step} onChange={(_, { value }) => setStep(value as Step)}>
            {Object.entries(steps).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </Select>
        </Field>
        <ExportCsv name="usage" columns={columns} read={async () => buckets} />
      </div>
      <BarChart
        title={`${measures[measure]} by ${steps[step].toLowerCase()}`}
        bars={buckets.map(one => ({ label: one.day, value: one[measure] }))}
      />
      <details>
        <summary className={styles.summary}>The table behind the chart</summary>
        <DataTable label="Trend as a table" columns={columns} rows={buckets} keyOf={one => one.day} minWidth="520px" />
      </details>
    </section>
  )
}
