import { roomId } from './model.ts'

/** From the id of a room, as bytes in a frame, to its number, without making a string of each. */
export type RoomTable = {
  /** -1 where it is none of the model's. */
  find(buffer: Uint8Array, from: number): number
  idOf(room: number): string
  numberOf(id: string): number
}

const ID_BYTES = 36
const EMPTY = -1

export function openRoomTable(rooms: number): RoomTable {
  const ids = Buffer.alloc(rooms * ID_BYTES)
  const size = 2 ** Math.ceil(Math.log2(rooms * 2 + 1))
  const places = new Int32Array(size).fill(EMPTY)
  for (let room = 0; room < rooms; room += 1) {
    ids.write(roomId(room), room * ID_BYTES, 'latin1')
    let place = hashOf(ids, room * ID_BYTES) & (size - 1)
    while (places[place] !== EMPTY) place = (place + 1) & (size - 1)
    places[place] = room
  }

  function isAt(room: number, buffer: Uint8Array, from: number): boolean {
    const start = room * ID_BYTES
    for (let index = 0; index < ID_BYTES; index += 1) if (ids[start + index] !== buffer[from + index]) return false
    return true
  }

  function find(buffer: Uint8Array, from: number): number {
    for (let place = hashOf(buffer, from) & (size - 1); ; place = (place + 1) & (size - 1)) {
      const room = places[place]!
      if (room === EMPTY || isAt(room, buffer, from)) return room
    }
  }

  return {
    find,
    idOf: room => ids.toString('latin1', room * ID_BYTES, (room + 1) * ID_BYTES),
    numberOf: id => (id.length === ID_BYTES ? find(Buffer.from(id, 'latin1'), 0) : EMPTY),
  }
}

/** The first eight digits are random enough. */
function hashOf(buffer: Uint8Array, from: number): number {
  let hash = 0
  for (let index = 0; index < 8; index += 1) hash = Math.imul(hash ^ buffer[from + index]!, 0x01000193)
  return hash ^ (hash >>> 15)
}
