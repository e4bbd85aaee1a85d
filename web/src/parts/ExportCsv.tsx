import { Button } from '@fluentui/react-components'
import { ArrowDownloadRegular } from '@fluentui/react-icons'
import { downloadText, toCsv } from '../app/csv.ts'
import { useTask } from '../app/task.ts'
import type { Column } from './DataTable.tsx'
import { FaultNote } from './FaultNote.tsx'

type ExportCsvProps<Row> = {
  /** Of the file, without its ending. */
  name: string
  columns: readonly Column<Row>[]
  /** All rows, also those that no page has shown yet. */
  read: () => Promise<readonly Row[]>
}

/** The table behind a page as a file for a spreadsheet. */
export function ExportCsv<Row>({ name, columns, read }: ExportCsvProps<Row>) {
  const { fault, isBusy, run } = useTask()
  async function save(): Promise<void> {
    const rows = await read()
    const lines = rows.map(row => columns.map(column => column.text(row)))
    downloadText(`${name}.csv`, toCsv([columns.map(column => column.name), ...lines]))
  }
  return (
    <>
      <Button icon={<ArrowDownloadRegular />} disabled={isBusy} onClick={() => void run(save)}>
        Export CSV
      </Button>
      <FaultNote fault={fault} />
    </>
  )
}
