import type { FuzzClient } from './fuzz-client.ts'
import type { Person, Site } from './harness.ts'
import type { Random } from './random.ts'

export type World = {
  random: Random
  users: Person[]
  /** An administrator at each server: what one does the other learns of as it can. */
  admins: Person[]
  clients: FuzzClient[]
  categories: string[]
  rooms: string[]
  group: string
  /** Rooms that were ever in a category whose history was off: what came then is with those alone who heard it. */
  passing: Set<string>
  posted: Map<string, string>
  /** Where rights changed last: what is posted next is most of all what must not leak. */
  hot: string
  fault(text: string): void
}

/** Rooms of every privacy in two categories, by a group and by name. */
export async function makeRooms(site: Site, users: Person[]) {
  const [first, second, third] = users as [Person, Person, Person, Person]
  const { principal: group } = await site.admin.call('principal.create', {
    kind: 'group',
    name: 'team',
    displayName: 'Team',
  })
  await site.admin.call('group.update', { group: group.id, add: [second.me.id, third.me.id] })
  const categories = [
    (await site.addCategory({ allowedMembers: ['example.com', 'team'] })).id,
    (await site.addCategory({ allowedMembers: users.map(user => user.me.id), invitations: true })).id,
  ]
  const rooms = [
    await site.addRoom({ category: categories[0]!, members: [first.me.id, 'team'] }),
    await site.addRoom({ category: categories[0]!, privacy: 'open' }),
    await site.addRoom({ category: categories[1]!, privacy: 'secret', members: [first.me.id, second.me.id] }),
    await site.addRoom({ category: categories[1]!, members: null, managers: [first.me.id] }),
  ]
  return { group: group.id, categories, rooms: rooms.map(room => room.id) }
}
