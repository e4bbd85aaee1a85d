import type { Input } from '../../../src/protocol/request.ts'

/** What is asked of the list of rooms, as it stands in the address and in the form. Empty: not asked. */
export const noRoomQuery = {
  filter: '',
  description: '',
  category: '',
  member: '',
  manager: '',
  addin: '',
  disabled: '',
  privacy: '',
  type: '',
  invitations: '',
  mb: '',
}
export type RoomQuery = typeof noRoomQuery

export function readRoomQuery(query: string): RoomQuery {
  const params = new URLSearchParams(query)
  const keys = Object.keys(noRoomQuery) as (keyof RoomQuery)[]
  return Object.fromEntries(keys.map(key => [key, params.get(key) ?? ''])) as RoomQuery
}

export function writeRoomQuery(query: RoomQuery): string {
  return new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString()
}

const privacies = ['open', 'closed', 'secret'] as const
const types = ['normal', 'auditorium'] as const
const settings = ['inherit', 'off'] as const
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A name without a wildcard is meant as a part of the name: people type what they remember. */
function wildcard(text: string): string {
  return /[*?]/.test(text) ? text : `*${text}*`
}

/** An address may hold anything: what the verb does not take is left out. */
export function roomListInput(query: RoomQuery): Input<'room.list'> {
  const { filter, category, member, manager, addin, disabled } = query
  const privacy = privacies.find(one => one === query.privacy)
  const type = types.find(one => one === query.type)
  const invitations = settings.find(one => one === query.invitations)
  const mb = Number(query.mb)
  return {
    ...(filter.trim() === '' ? {} : { filter: wildcard(filter.trim()) }),
    ...(filter.trim() !== '' && query.description !== '' ? { searchDescription: true } : {}),
    ...(uuid.test(category) ? { category } : {}),
    ...(member === '' ? {} : { member }),
    ...(manager === '' ? {} : { manager }),
    ...(addin === '' ? {} : { addin }),
    ...(disabled === 'yes' || disabled === 'no' ? { disabled: disabled === 'yes' } : {}),
    ...(privacy === undefined ? {} : { privacy }),
    ...(type === undefined ? {} : { type }),
    ...(invitations === undefined ? {} : { invitations }),
    ...(query.mb !== '' && mb >= 0 && mb < 2 ** 32 ? { contentExceedsBytes: Math.floor(mb * 2 ** 20) } : {}),
  }
}
