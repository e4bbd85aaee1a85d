import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { mayChange } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import { counted, sizeWords } from '../app/count-words.ts'
import { faultOf } from '../app/fault.ts'
import { usePages } from '../app/pages.ts'
import { type ListedRoom, marksInWords, type RoomQuestion } from '../app/room-admin.ts'
import { readRoomQuery, roomListInput, writeRoomQuery } from '../app/room-query.ts'
import { go } from '../app/route.ts'
import { type Column, DataTable } from '../parts/DataTable.tsx'
import { EmptyState } from '../parts/EmptyState.tsx'
import { ExportCsv } from '../parts/ExportCsv.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { RoomActions } from '../parts/RoomActions.tsx'
import { RoomFilter } from '../parts/RoomFilter.tsx'
import { RoomMarks } from '../parts/RoomMarks.tsx'
import { RoomQuestions } from '../parts/RoomQuestions.tsx'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center' },
  note: { flexGrow: 1 },
})

const pageSize = 50

const columns: Column<ListedRoom>[] = [
  { name: 'Name', text: ({ room }) => room.name, sortBy: ({ room }) => room.name },
  { name: 'Category', text: one => one.categoryName, sortBy: one => one.categoryName },
  {
    name: 'Kind',
    text: marksInWords,
    cell: ({ room }) => <RoomMarks room={room} />,
    sortBy: marksInWords,
    width: '112px',
  },
  { name: 'Members', text: one => String(one.members), sortBy: one => one.members, isNumber: true, width: '88px' },
  { name: 'Managers', text: one => String(one.managers), sortBy: one => one.managers, isNumber: true, width: '88px' },
  {
    name: 'Messages',
    text: one => String(one.messages),
    cell: one => one.messages.toLocaleString(),
    sortBy: one => one.messages,
    isNumber: true,
    width: '88px',
  },
  {
    name: 'Content',
    text: one => String(one.contentBytes),
    cell: one => sizeWords(one.contentBytes),
    sortBy: one => one.contentBytes,
    isNumber: true,
    width: '88px',
  },
]
// What a spreadsheet can count with, and what leads back.
const exported: Column<ListedRoom>[] = [
  ...columns.map(one => (one.name === 'Content' ? { ...one, name: 'Content in bytes' } : one)),
  { name: 'Presenters', text: one => String(one.presenters) },
  { name: 'Add-in', text: ({ room }) => room.addin?.name ?? '' },
  { name: 'Id', text: ({ room }) => room.id },
]

/** Every room of the pool, whoever may see it. */
export function AdminRooms({ query }: { query: string }) {
  const styles = useStyles()
  const { me, client } = useChat()
  const [asking, setAsking] = useState<RoomQuestion>()
  const wanted = readRoomQuery(query)
  const input = roomListInput(wanted)
  const { data, error, hasNextPage, fetchNextPage, isFetching } = usePages('room.list', { ...input, limit: pageSize })
  const rooms = data?.pages.flatMap(page => page.rooms) ?? []

  async function readAll(): Promise<ListedRoom[]> {
    const all: ListedRoom[] = []
    for (let after: string | undefined; ; ) {
      const page = await client.request('room.list', {
        ...input,
        limit: 1000,
        ...(after === undefined ? {} : { after }),
      })
      all.push(...page.rooms)
      after = page.next
      if (after === undefined) return all
    }
  }

  return (
    <>
      <RoomFilter
        key={query}
        query={wanted}
        onSearch={now => go({ page: 'admin', section: 'rooms', query: writeRoomQuery(now) })}
      />
      <FaultNote fault={error === null ? undefined : faultOf(error)} />
      <div className={styles.bar}>
        <Text role="status" className={styles.note}>
          {data === undefined ? '' : `${counted(rooms.length, 'room')}${hasNextPage ? ' so far, there are more' : ''}`}
          {data?.pages.some(page => page.counting) ? '. Messages of some are still being counted.' : ''}
        </Text>
        <ExportCsv name="rooms" columns={exported} read={readAll} />
      </div>
      {data === undefined && error === null ? <Spinner delay={300} label="Loading" /> : null}
      {data !== undefined && rooms.length === 0 ? (
        <EmptyState
          title={
            query === ''
              ? 'There is no room yet. Rooms are created under Find rooms.'
              : 'No room is like this. Show all.'
          }
        />
      ) : null}
      {rooms.length > 0 ? (
        <DataTable
          label="Rooms"
          columns={columns}
          rows={rooms}
          keyOf={({ room }) => room.id}
          minWidth="920px"
          actionWidth="156px"
          action={one => (
            <RoomActions
              listed={one}
              mayChange={mayChange(me, 'rooms')}
              onAsk={kind => setAsking({ kind, room: one.room, messages: one.messages })}
            />
          )}
        />
      ) : null}
      {hasNextPage ? (
        <div>
          <Button disabled={isFetching} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
      {asking === undefined ? null : <RoomQuestions asking={asking} onClose={() => setAsking(undefined)} />}
    </>
  )
}
