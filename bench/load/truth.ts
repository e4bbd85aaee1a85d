import { Client } from 'pg'
import { contentHash } from './post-text.ts'
import { HISTORY } from './provision.ts'
import type { RoomTable } from './room-table.ts'
import type { Stored } from './verdict.ts'

/** What the store itself says, beside the servers: how far each room goes, and what was posted. */
export type Truth = { ends: Float64Array; stored: Stored[] }

export async function readTruth(databaseUrl: string, rooms: RoomTable, count: number): Promise<Truth> {
  const db = new Client(databaseUrl)
  await db.connect()
  try {
    const ends = new Float64Array(count)
    const heads = await db.query<{ room: string; seq: string }>('SELECT room, last_seq AS seq FROM room_head')
    for (const { room, seq } of heads.rows) if (rooms.numberOf(room) >= 0) ends[rooms.numberOf(room)] = Number(seq)
    const posts = await db.query<{ room: string; seq: string; client_id: string; text: string }>(
      'SELECT room, seq, client_id, text FROM message WHERE seq > $1 AND text IS NOT NULL',
      [HISTORY],
    )
    const stored = posts.rows.map(({ room, seq, client_id, text }) => ({
      room: rooms.numberOf(room),
      seq: Number(seq),
      hash: contentHash(text, client_id),
    }))
    return { ends, stored }
  } finally {
    await db.end()
  }
}
