import type { Client } from '../../../src/client/client.ts'
import type { RoomState } from '../../../src/client/room-state.ts'
import type { Invitation, Room } from '../../../src/protocol/room.ts'
import { createStore, type Store } from './store.ts'

export type ListedRoom = { info: Room; unread: number }

/** The followed rooms and the invitations, as the rooms pane shows them. */
export type Listing = {
  /** False until the first sync: an empty list says nothing yet. */
  isKnown: boolean
  rooms: readonly ListedRoom[]
  invitations: readonly Invitation[]
}

export type RoomListing = Store<Listing> & { dismiss(room: string): Promise<void> }

function listed(states: readonly RoomState[]): ListedRoom[] {
  return states
    .flatMap(({ info, followed, closed, unread }) =>
      followed && closed === undefined && info !== undefined && !info.disabled ? [{ info, unread }] : [],
    )
    .sort((a, b) => a.info.name.localeCompare(b.info.name))
}

export function createRoomListing(client: Client): RoomListing {
  const store = createStore<Listing>({ isKnown: false, rooms: [], invitations: [] })
  let isQueued = false

  function relist(): void {
    isQueued = false
    store.update(now => {
      const rooms = listed(client.rooms())
      const followed = new Set(rooms.map(room => room.info.id))
      const invitations = now.invitations.filter(invitation => !followed.has(invitation.room))
      const same =
        invitations.length === now.invitations.length &&
        rooms.length === now.rooms.length &&
        rooms.every((room, at) => room.info === now.rooms[at]?.info && room.unread === now.rooms[at].unread)
      return same ? now : { ...now, rooms, invitations }
    })
  }

  // A burst of messages changes the list once.
  function queue(): void {
    if (isQueued) return
    isQueued = true
    setTimeout(relist, 0)
  }

  async function invited(room: string, by: Invitation['by']): Promise<void> {
    const { room: info } = await client.request('room.get', { room })
    const invitation: Invitation = { room, by, at: new Date().toISOString(), info }
    store.update(now => ({
      ...now,
      invitations: [...now.invitations.filter(one => one.room !== room), invitation],
    }))
    queue()
  }

  function without(room: string): void {
    store.update(now => ({ ...now, invitations: now.invitations.filter(one => one.room !== room) }))
  }

  client.on('changed', queue)
  client.on('synced', ({ invitations }) => {
    store.update(now => ({ ...now, isKnown: true, invitations }))
    queue()
  })
  client.on('room.invited', ({ room, by }) => {
    // Where it was taken back meanwhile, there is nothing to show.
    invited(room, by).catch(() => without(room))
  })
  client.on('room.closed', ({ room }) => without(room))

  return {
    ...store,
    async dismiss(room) {
      without(room)
      await client.request('invitation.dismiss', { room })
    },
  }
}
