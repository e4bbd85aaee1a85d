import { Button, makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components'
import { ErrorCircleRegular, InfoRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Problem } from '../app/topology-check.ts'
import { problemWords } from '../app/topology-words.ts'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
  list: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  item: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'flex-start' },
  words: { flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere' },
  icon: { display: 'inline-flex', flexShrink: 0, fontSize: '20px' },
  error: { color: tokens.colorStatusDangerForeground1 },
  advice: { color: tokens.colorStatusWarningForeground1 },
  buttons: { display: 'flex', flexShrink: 0, gap: tokens.spacingHorizontalXS },
})

const first = 6

type TopologyProblemsProps = {
  problems: readonly Problem[]
  /** That the server did not tell. */
  more: number
  /** Opens the form of the part that it is about; undefined: there is none. */
  onPart: (problem: Problem) => (() => void) | undefined
  onLine: (line: number) => void
}

/** Everything that is wrong, each with the way to it. */
export function TopologyProblems({ problems, more, onPart, onLine }: TopologyProblemsProps) {
  const styles = useStyles()
  const [isOpen, setOpen] = useState(false)
  const errors = problems.filter(({ level }) => level === 'error').length
  const shown = isOpen ? problems : problems.slice(0, first)
  return (
    <section className={styles.root} aria-label="What the rules say">
      <Text role="status" weight="semibold">
        {problems.length === 0
          ? 'The document is sound. Nothing to remark.'
          : `${problemWords(errors, problems.length - errors)}${more > 0 ? `, and ${more} more` : ''}${errors > 0 ? '. A document with errors is not published.' : '. Advice stops nothing.'}`}
      </Text>
      <ul className={styles.list}>
        {shown.map(problem => {
          const { level, rule, message, line } = problem
          const open = onPart(problem)
          return (
            <li key={`${line} ${rule} ${message}`} className={styles.item}>
              <span aria-hidden className={mergeClasses(styles.icon, level === 'error' ? styles.error : styles.advice)}>
                {level === 'error' ? <ErrorCircleRegular /> : <InfoRegular />}
              </span>
              <Text className={styles.words}>
                <strong>
                  {level === 'error' ? 'Error' : 'Advice'}
                  {rule === '' ? '' : ` ${rule}`}
                </strong>{' '}
                {message}
              </Text>
              <span className={styles.buttons}>
                {open === undefined ? null : (
                  <Button size="small" onClick={open}>
                    Open
                  </Button>
                )}
                <Button size="small" appearance="subtle" onClick={() => onLine(line)}>
                  Line {line}
                </Button>
              </span>
            </li>
          )
        })}
      </ul>
      {problems.length > first ? (
        <div>
          <Button size="small" aria-expanded={isOpen} onClick={() => setOpen(now => !now)}>
            {isOpen ? 'Show fewer' : `Show all ${problems.length}`}
          </Button>
        </div>
      ) : null}
    </section>
  )
}
