import type { Queryable } from './db.ts'

export type RoomUser = { followed: boolean; readSeq: number }

export async function readRoomUser(q: Queryable, user: string, room: string): Promise<RoomUser> {
  const { rows } = await q.query<RoomUser>({
    name: 'room-user',
    text: 'SELECT followed, read_seq AS "readSeq" FROM room_user WHERE member = $1 AND room = $2',
    values: [user, room],
  })
  return rows[0] ?? { followed: false, readSeq: 0 }
}

/** Follows, read up to the room's end; answers that end. */
export async function follow(q: Queryable, user: string, room: string): Promise<number> {
  const { rows } = await q.query<{ read_seq: number }>(
    `INSERT INTO room_user (member, room, followed, read_seq, dismissed_at)
     SELECT $1, room, true, last_seq, clock_timestamp() FROM room_head WHERE room = $2
     ON CONFLICT (member, room) DO UPDATE SET followed = true, read_seq = excluded.read_seq, dismissed_at = excluded.dismissed_at
     RETURNING read_seq`,
    [user, room],
  )
  return rows[0]?.read_seq ?? 0
}

export async function unfollow(q: Queryable, user: string, room: string): Promise<boolean> {
  return (
    (await q.query('UPDATE room_user SET followed = false WHERE member = $1 AND room = $2 AND followed', [user, room]))
      .rowCount === 1
  )
}

/** Moves the read mark forward, never beyond the room's end; answers where it stands. */
export async function markRead(q: Queryable, user: string, room: string, seq: number): Promise<number> {
  const { rows } = await q.query<{ read_seq: number }>(
    `INSERT INTO room_user (member, room, read_seq) SELECT $1, room, least($3, last_seq) FROM room_head WHERE room = $2
     ON CONFLICT (member, room) DO UPDATE SET read_seq = greatest(room_user.read_seq, excluded.read_seq) RETURNING read_seq`,
    [user, room, seq],
  )
  return rows[0]?.read_seq ?? 0
}

export async function dismissInvitation(q: Queryable, user: string, room: string): Promise<void> {
  await q.query(
    `INSERT INTO room_user (member, room, dismissed_at) SELECT $1, id, clock_timestamp() FROM room WHERE id = $2
     ON CONFLICT (member, room) DO UPDATE SET dismissed_at = excluded.dismissed_at`,
    [user, room],
  )
}

/** Of pairs of user and room, those where the user follows it. */
export async function followedAmong<P extends { user: string; room: string }>(q: Queryable, pairs: P[]): Promise<P[]> {
  const { rows } = await q.query<{ place: number }>(
    `SELECT i.place FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS i (usr, room, place)
       JOIN room_user u ON u.member = i.usr AND u.room = i.room AND u.followed`,
    [pairs.map(pair => pair.user), pairs.map(pair => pair.room)],
  )
  return rows.map(row => pairs[row.place - 1]!)
}

/** Of `users`, those who follow the room. */
export async function followersAmong(q: Queryable, room: string, users: string[]): Promise<string[]> {
  const { rows } = await q.query<{ member: string }>(
    'SELECT member FROM room_user WHERE room = $1 AND followed AND member = ANY ($2::uuid[])',
    [room, users],
  )
  return rows.map(row => row.member)
}
