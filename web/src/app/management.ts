import type { Client } from '../../../src/client/client.ts'
import { go } from './route.ts'

/** To where rooms are created: pages elsewhere where the server names some, else the one here. */
export function goCreateRoom(client: Client): void {
  if (!openManagement(client)) go({ page: 'create' })
}

/** Opens the management pages of elsewhere, at a room where one is named. False where rooms are managed here. */
export function openManagement(client: Client, room?: string): boolean {
  const url = URL.parse(client.roomManagementUrl ?? '')
  if (url === null) return false
  if (room !== undefined) url.searchParams.set('room', room)
  window.open(url, '_blank', 'noopener,noreferrer')
  return true
}
