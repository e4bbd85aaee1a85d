import { Button, MessageBar, MessageBarBody, makeStyles, Spinner, tokens } from '@fluentui/react-components'
import { PrintRegular } from '@fluentui/react-icons'
import { faultOf } from '../app/fault.ts'
import { go } from '../app/route.ts'
import { useUsage } from '../app/usage.ts'
import { readPeriod, usageInput, writePeriod } from '../app/usage-period.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { UsageLists } from '../parts/UsageLists.tsx'
import { UsagePeriodForm } from '../parts/UsagePeriodForm.tsx'
import { UsageTotals } from '../parts/UsageTotals.tsx'
import { UsageTrend } from '../parts/UsageTrend.tsx'

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    alignItems: 'flex-end',
    justifyContent: 'space-between',
    '@media print': { display: 'none' },
  },
  stale: { opacity: 0.6 },
  report: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXXL },
})

/** What rooms and people did: totals, trends, most and least active, who was inactive. No text of any message. */
export function AdminUsage({ query }: { query: string }) {
  const styles = useStyles()
  const period = readPeriod(query)
  const { data, error, isPlaceholderData } = useUsage(usageInput(period))
  return (
    <>
      <div className={styles.bar}>
        <UsagePeriodForm
          key={query}
          period={period}
          onShow={now => go({ page: 'admin', section: 'usage', query: writePeriod(now) })}
        />
        <Button icon={<PrintRegular />} onClick={() => print()}>
          Print
        </Button>
      </div>
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      {data === undefined ? (
        error === null ? (
          <Spinner delay={300} label="Counting" />
        ) : null
      ) : (
        <div className={isPlaceholderData ? styles.stale : styles.report} aria-busy={isPlaceholderData}>
          {data.counting ? (
            <MessageBar intent="info" layout="multiline">
              <MessageBarBody>Days before {data.exactSince} are still being counted. Look again later.</MessageBarBody>
            </MessageBar>
          ) : null}
          <UsageTotals report={data} />
          <UsageTrend report={data} />
          <UsageLists report={data} />
        </div>
      )}
    </>
  )
}
