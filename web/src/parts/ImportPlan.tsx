import { MessageBar, MessageBarBody, makeStyles, Text, tokens } from '@fluentui/react-components'
import { counted } from '../app/count-words.ts'
import type { LineFault } from '../app/people-file.ts'
import type { PeopleReport } from '../app/people-import.ts'
import { type PeoplePlan, planCounts, type Step } from '../app/people-plan.ts'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  list: {
    margin: 0,
    paddingInlineStart: tokens.spacingHorizontalXL,
    maxHeight: '180px',
    overflowY: 'auto',
    overflowWrap: 'anywhere',
  },
})

function stepsInWords(steps: readonly Step[]): string {
  const { users, changes, joined, groups, units } = planCounts({ steps: [...steps] })
  const parts = [
    ...(users > 0 ? [`${counted(users, 'user')} added`] : []),
    ...(changes > 0 ? [`${counted(changes, 'user')} changed`] : []),
    ...(units > 0 ? [`${counted(units, 'unit')} made`] : []),
    ...(groups > 0 ? [`${counted(groups, 'group')} made`] : []),
    ...(joined > 0 ? [`${counted(joined, 'membership')} added`] : []),
  ]
  return parts.join(', ')
}

/** What an import would do. */
export function ImportPlan({ plan }: { plan: PeoplePlan }) {
  const { steps, faults, read, withoutPassword } = plan
  return (
    <>
      <Text role="status" weight="semibold">
        {counted(read, 'person', 'people')} read.{' '}
        {steps.length === 0 ? 'Everything is so already: nothing would change.' : `Would be: ${stepsInWords(steps)}.`}
      </Text>
      {withoutPassword > 0 ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            {counted(withoutPassword, 'new person has', 'new people have')} no password and cannot sign in here by one.
          </MessageBarBody>
        </MessageBar>
      ) : null}
      <Faults faults={faults} words="left out" />
    </>
  )
}

/** What an import did. */
export function ImportReport({ report: { done, faults, isStopped, fault } }: { report: PeopleReport }) {
  return (
    <>
      <Text role="status" weight="semibold">
        {isStopped ? 'Stopped. ' : ''}
        {done.length === 0 ? 'Nothing was done.' : `Done: ${stepsInWords(done)}.`}
        {isStopped ? ' Preview and import the file again to do the rest.' : ''}
      </Text>
      <FaultNote fault={fault} />
      <Faults faults={faults} words="refused" />
    </>
  )
}

function Faults({ faults, words }: { faults: readonly LineFault[]; words: string }) {
  const styles = useStyles()
  if (faults.length === 0) return null
  return (
    <div>
      <Text weight="semibold">
        {counted(faults.length, 'line')} {words}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <ul className={styles.list} tabIndex={0} aria-label={`Lines ${words}`}>
        {faults.map(({ line, name, sentence }) => (
          <li key={`${line} ${name} ${sentence}`}>
            Line {line}
            {name === '' ? '' : `, ${name}`}: {sentence}
          </li>
        ))}
      </ul>
    </div>
  )
}
