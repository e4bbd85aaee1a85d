import { makeStyles, Spinner, tokens } from '@fluentui/react-components'
import { useEffect, useMemo, useState } from 'react'
import { rangeAt } from '../../../src/client/ranges.ts'
import { useChat } from '../app/chat.ts'
import { useFileDrop } from '../app/file-drop.ts'
import { useFollowing } from '../app/follow.ts'
import { useNarrow } from '../app/media.ts'
import { useOpenRoom } from '../app/open-room.ts'
import { usePageStarts } from '../app/page-starts.ts'
import { useVerb } from '../app/query.ts'
import { useReading } from '../app/reading.ts'
import { useRoomState } from '../app/room-state.ts'
import { go, type Route } from '../app/route.ts'
import { useStore } from '../app/store.ts'
import { timelineRows } from '../app/timeline-rows.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { Composer } from '../parts/Composer.tsx'
import { ComposerReason } from '../parts/ComposerReason.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { LiveSummary } from '../parts/LiveSummary.tsx'
import { RoomHeader } from '../parts/RoomHeader.tsx'
import { RoomPane } from '../parts/RoomPane.tsx'
import { RoomRefusal } from '../parts/RoomRefusal.tsx'
import { Timeline } from '../parts/Timeline.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexGrow: 1, minWidth: 0, minHeight: 0, position: 'relative' },
  main: { display: 'flex', flexDirection: 'column', flexGrow: 1, minWidth: 0, minHeight: 0, position: 'relative' },
  drop: {
    position: 'absolute',
    inset: tokens.spacingHorizontalM,
    zIndex: 5,
    display: 'grid',
    placeItems: 'center',
    pointerEvents: 'none',
    border: `2px dashed ${tokens.colorBrandStroke1}`,
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackgroundAlpha2,
    fontSize: tokens.fontSizeBase500,
  },
})

type RoomPageProps = { route: Extract<Route, { page: 'room' }> }

/** One room: its stream, the composer, and a pane beside it. Mounted anew for each room. */
export function RoomPage({ route }: RoomPageProps) {
  const styles = useStyles()
  const { me, outbox, uploads } = useChat()
  const isNarrow = useNarrow()
  const state = useRoomState(route.room)
  const { isReady, fault, retry, older, fill } = useOpenRoom(route.room, route.seq)
  const following = useFollowing(route.room)
  const [endSignal, setEndSignal] = useState(0)
  const reading = useReading(state, isReady)
  const card = useVerb('room.get', { room: route.room })
  const posts = useStore(outbox.posts)
  // What was known of the room before is not shown on: only what the server still tells.
  const told = card.error === null ? card.data : undefined
  const room = state?.info ?? told?.room
  const rights = told?.rights ?? state?.rights
  useWindowTitle(room?.name)

  const waiting = useMemo(() => posts.filter(post => post.room === route.room), [posts, route.room])
  const pageStarts = usePageStarts(state?.ranges)
  const rows = useMemo(
    () =>
      timelineRows({
        messages: state?.messages ?? [],
        ranges: state?.ranges ?? [],
        firstSeq: state?.firstSeq ?? 1,
        keepsHistory: room?.chatHistory !== false,
        waiting,
        me: me.id,
        pageStarts,
        unreadAfter: reading.unreadAfter,
      }),
    [
      state?.messages,
      state?.ranges,
      state?.firstSeq,
      room?.chatHistory,
      waiting,
      me.id,
      pageStarts,
      reading.unreadAfter,
    ],
  )

  useEffect(() => {
    for (const { seq, clientId } of waiting)
      if (seq !== undefined && rangeAt(state?.ranges ?? [], seq) !== undefined) outbox.drop(clientId)
  }, [waiting, state?.ranges, outbox])

  const mayReadNow = told?.rights.read === true && card.dataUpdatedAt
  const isRefused = fault !== undefined
  useEffect(() => {
    // The card is newer than the refusal: somebody was added, or the room re-enabled.
    if (isRefused && mayReadNow !== false) retry()
  }, [isRefused, mayReadNow, retry])

  const mayPost = rights?.post === true && room !== undefined && !room.disabled
  const onFiles = mayPost && room.fileUpload ? (files: File[]) => uploads.add(room.id, files) : undefined
  const drop = useFileDrop(onFiles)

  const isLost = isReady && state === undefined
  if (fault !== undefined || isLost || state?.closed !== undefined) {
    const shown = isLost && card.isFetching ? undefined : told
    return <RoomRefusal fault={fault} isDisabled={state?.closed !== undefined} card={shown} />
  }
  if (room === undefined || state === undefined) return <Spinner label="Opening the room" delay={400} />

  const knownFrom = state.ranges[0]?.from ?? state.lastSeq + 1
  const unreadFrom = (reading.unreadAfter ?? state.lastSeq) + 1
  const showsMain = !isNarrow || route.pane === undefined
  return (
    <div className={styles.root}>
      {showsMain ? (
        <main
          className={styles.main}
          {...drop.handlers}
          onKeyDown={event => {
            if (event.key === 'Escape' && !event.defaultPrevented) reading.markRead()
          }}
        >
          <RoomHeader
            room={room}
            participants={state.participants?.length ?? told?.room.participants}
            followed={state.followed}
            pane={route.pane}
            onFollow={follow => void following.follow(follow)}
          />
          <Timeline
            room={room.id}
            roomName={room.name}
            rows={rows}
            isReady={isReady}
            newCount={reading.newCount}
            unreadAbove={reading.unreadAfter !== undefined && unreadFrom < knownFrom ? knownFrom - unreadFrom : 0}
            endSignal={endSignal}
            targetSeq={route.seq}
            mayRemove={rights?.administer === true}
            onOlder={older}
            onGap={fill}
            onEnd={reading.onEnd}
            onFirstUnread={() => go({ page: 'room', room: room.id, seq: unreadFrom })}
          />
          {drop.isOver ? <div className={styles.drop}>Drop the files to put them into {room.name}</div> : null}
          <FaultNote fault={following.fault} onDismiss={following.dismiss} />
          <LiveSummary room={room.id} roomName={room.name} />
          {rights?.post === false || room.disabled ? (
            <ComposerReason room={room} rights={rights} />
          ) : (
            <Composer
              room={room.id}
              roomName={room.name}
              onFiles={onFiles}
              takesFocus={!isNarrow && route.seq === undefined}
              onPost={() => setEndSignal(now => now + 1)}
            />
          )}
        </main>
      ) : null}
      {route.pane === undefined ? null : <RoomPane pane={route.pane} state={state} card={told} />}
    </div>
  )
}
