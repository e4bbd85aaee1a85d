import {
  MessageBar,
  MessageBarBody,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
} from '@fluentui/react-components'
import type { DirectoryRun } from '../../../src/protocol/directory-verbs.ts'
import { changeWord, countsInWords } from '../app/directory-words.ts'

const useStyles = makeStyles({ cell: { overflowWrap: 'anywhere' } })

type DirectoryRunResultProps = { title: string; run: DirectoryRun; note?: string }

/** What a run did or would do: counts, and the first of each kind by name. */
export function DirectoryRunResult({ run, note }: DirectoryRunResultProps) {
  const styles = useStyles()
  const how = run.dryRun ? 'Nothing was written. It would be: ' : ''
  return (
    <div role="status">
      <Text as="p" weight="semibold">
        {how}
        {countsInWords(run.counts)} ({run.objects.toLocaleString()} objects read in {run.seconds.toFixed(1)} s)
      </Text>
      {note === undefined ? null : <Text as="p">{note}</Text>}
      {run.warning === undefined ? null : (
        <MessageBar intent="warning">
          <MessageBarBody>{run.warning}</MessageBarBody>
        </MessageBar>
      )}
      {run.samples.length === 0 ? null : (
        <Table size="small" aria-label="Changes">
          <TableHeader>
            <TableRow>
              <TableHeaderCell>Change</TableHeaderCell>
              <TableHeaderCell>Name</TableHeaderCell>
              <TableHeaderCell>Detail</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {run.samples.map(({ change, kind, name, detail }) => (
              <TableRow key={`${change} ${kind} ${name} ${detail}`}>
                <TableCell>{changeWord(change)}</TableCell>
                <TableCell className={styles.cell}>{name}</TableCell>
                <TableCell className={styles.cell}>{detail}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </div>
  )
}
