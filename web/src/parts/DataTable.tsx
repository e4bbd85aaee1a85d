import {
  makeStyles,
  mergeClasses,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from '@fluentui/react-components'
import { type ReactNode, useState } from 'react'

const useStyles = makeStyles({
  cell: { overflowWrap: 'anywhere', verticalAlign: 'top', paddingBlock: '6px' },
  number: { fontVariantNumeric: 'tabular-nums', textAlign: 'right' },
  numberHead: { '& > *': { justifyContent: 'flex-end' } },
})

export type Column<Row> = {
  name: string
  /** What is exported, and shown unless `cell` shows it better. */
  text: (row: Row) => string
  cell?: (row: Row) => ReactNode
  /** What its head sorts by. */
  sortBy?: (row: Row) => string | number
  isNumber?: boolean
  width?: string
}

type DataTableProps<Row> = {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string
  /** The buttons of a row. */
  action?: (row: Row) => ReactNode
  actionWidth?: string
  minWidth?: string
}

type Order = { name: string; direction: 'ascending' | 'descending' }

function ordered<Row>(rows: readonly Row[], column: Column<Row> | undefined, order: Order | undefined): readonly Row[] {
  const value = column?.sortBy
  if (value === undefined || order === undefined) return rows
  const sign = order.direction === 'ascending' ? 1 : -1
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)]
    return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b)))
  })
}

/** A table that sorts what it shows, by the heads of its columns. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  keyOf,
  action,
  actionWidth = '112px',
  minWidth,
}: DataTableProps<Row>) {
  const styles = useStyles()
  const [order, setOrder] = useState<Order>()
  const shown = ordered(
    rows,
    columns.find(column => column.name === order?.name),
    order,
  )
  const turn = (name: string) =>
    setOrder(now => ({
      name,
      direction: now?.name === name && now.direction === 'ascending' ? 'descending' : 'ascending',
    }))
  return (
    <Table aria-label={label} size="small" sortable style={minWidth === undefined ? {} : { minWidth }}>
      <TableHeader>
        <TableRow>
          {columns.map(column => (
            <TableHeaderCell
              key={column.name}
              style={column.width === undefined ? {} : { width: column.width }}
              className={mergeClasses(column.isNumber && styles.numberHead)}
              {...(column.sortBy === undefined
                ? { sortable: false }
                : {
                    sortDirection: order?.name === column.name ? order.direction : undefined,
                    onClick: () => turn(column.name),
                  })}
            >
              {column.name}
            </TableHeaderCell>
          ))}
          {action === undefined ? null : (
            <TableHeaderCell sortable={false} style={{ width: actionWidth }}>
              Action
            </TableHeaderCell>
          )}
        </TableRow>
      </TableHeader>
      <TableBody>
        {shown.map(row => (
          <TableRow key={keyOf(row)}>
            {columns.map(column => (
              <TableCell key={column.name} className={mergeClasses(styles.cell, column.isNumber && styles.number)}>
                {column.cell?.(row) ?? column.text(row)}
              </TableCell>
            ))}
            {action === undefined ? null : <TableCell className={styles.cell}>{action(row)}</TableCell>}
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}
