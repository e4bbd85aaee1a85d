import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from './fuzz-world.ts'

export type Act = { name: string; weight: number; changesRights?: boolean; run(world: World): Promise<unknown> }

const anyClient = ({ random, clients }: World) => random.pick(clients).client
const anyRoom = ({ random, rooms }: World) => random.pick(rooms)
function hotRoom(world: World): string {
  world.hot = anyRoom(world)
  return world.hot
}
const admin = ({ random, admins }: World) => random.pick(admins)

/** A sequence of the room, mostly a recent one. */
async function anySeq(world: World, room: string): Promise<number> {
  const known = Math.max(0, ...world.clients.map(({ client }) => client.room(room)?.lastSeq ?? 0))
  return Math.max(1, known - world.random.below(12))
}

/** A few at once. */
async function post(world: World, room: string) {
  const client = anyClient(world)
  const posts = Array.from({ length: world.random.between(1, 3) }, () => {
    const clientId = crypto.randomUUID()
    const text = `text ${world.posted.size} ${'word '.repeat(world.random.below(4))}`
    world.posted.set(clientId, text)
    return client.post(room, { text }, clientId)
  })
  for (const settled of await Promise.allSettled(posts)) if (settled.status === 'rejected') throw settled.reason
}

/** By several, since who may post there by now is not known yet. */
export const postHot: Act = {
  name: 'postHot',
  weight: 0,
  run: world =>
    Promise.allSettled(
      world.users.map((_, user) => {
        const clientId = crypto.randomUUID()
        const text = `hot ${world.posted.size}`
        world.posted.set(clientId, text)
        // Each user's first device and its second are at different servers.
        const { client } = world.clients[user * 2 + world.random.below(2)]!
        return client.request('message.post', { room: world.hot, clientId, text })
      }),
    ),
}

export const acts: Act[] = [
  {
    name: 'post',
    weight: 60,
    run: world => post(world, world.random.chance(0.5) ? world.hot : anyRoom(world)),
  },
  {
    name: 'join',
    weight: 30,
    run: world => anyClient(world).join(anyRoom(world), { history: world.random.below(10) }),
  },
  { name: 'part', weight: 3, run: world => anyClient(world).part(anyRoom(world)) },
  { name: 'follow', weight: 5, run: world => anyClient(world).request('room.follow', { room: anyRoom(world) }) },
  { name: 'unfollow', weight: 2, run: world => anyClient(world).request('room.unfollow', { room: anyRoom(world) }) },
  {
    name: 'markRead',
    weight: 5,
    async run(world) {
      const room = anyRoom(world)
      await anyClient(world).request('room.markRead', { room, seq: await anySeq(world, room) })
    },
  },
  {
    name: 'older',
    weight: 5,
    async run(world) {
      const client = anyClient(world)
      const room = anyRoom(world)
      if (client.room(room)) await client.loadOlder(room, world.random.between(1, 20))
    },
  },
  {
    name: 'drop',
    weight: 6,
    async run({ random, clients }) {
      random.pick(clients).drop()
    },
  },
  {
    name: 'remove',
    weight: 4,
    async run(world) {
      const room = anyRoom(world)
      await admin(world).call('message.remove', { room, seq: await anySeq(world, room) })
    },
  },
  {
    name: 'replace',
    weight: 3,
    async run(world) {
      const room = anyRoom(world)
      await admin(world).call('message.remove', { room, seq: await anySeq(world, room), replaceWith: 'replaced' })
    },
  },
  {
    name: 'removeMany',
    weight: 1,
    run: world => admin(world).call('message.remove', { room: anyRoom(world), filter: { text: 'word word' } }),
  },
  {
    name: 'clear',
    weight: 1,
    async run(world) {
      const room = anyRoom(world)
      const at = world.clients.flatMap(({ client }) => client.room(room)?.messages ?? []).at(world.random.below(10))?.at
      if (at) await admin(world).call('room.clear', { room, until: at })
    },
  },
  {
    name: 'rename',
    weight: 1,
    run: world => admin(world).call('room.update', { room: anyRoom(world), name: `room ${crypto.randomUUID()}` }),
  },
  {
    name: 'members',
    weight: 7,
    changesRights: true,
    async run(world) {
      const someone = [world.random.pick([...world.users.map(user => user.me.id), world.group])]
      const members = world.random.chance(0.5) ? { add: someone } : { remove: someone }
      const room = hotRoom(world)
      const whole = world.random.chance(0.1) ? null : world.random.chance(0.2) ? someone : members
      await admin(world).call('room.update', { room, members: whole })
    },
  },
  {
    name: 'privacy',
    weight: 2,
    changesRights: true,
    run: world =>
      admin(world).call('room.update', {
        room: hotRoom(world),
        privacy: world.random.pick(['open', 'closed', 'secret']),
      }),
  },
  {
    name: 'type',
    weight: 1,
    changesRights: true,
    run: world =>
      admin(world).call('room.update', { room: hotRoom(world), type: world.random.pick(['normal', 'auditorium']) }),
  },
  {
    name: 'disable',
    weight: 3,
    changesRights: true,
    run: world => admin(world).call('room.update', { room: hotRoom(world), disabled: world.random.chance(0.4) }),
  },
  {
    name: 'group',
    weight: 4,
    changesRights: true,
    async run(world) {
      const someone = [world.random.pick(world.users).me.id]
      await admin(world).call('group.update', {
        group: world.group,
        ...(world.random.chance(0.5) ? { add: someone } : { remove: someone }),
      })
    },
  },
  {
    name: 'scope',
    weight: 4,
    changesRights: true,
    async run(world) {
      const someone = [world.random.pick([...world.users.map(user => user.me.id), world.group])]
      const list = world.random.chance(0.7) ? 'deniedMembers' : 'allowedMembers'
      const change = world.random.chance(0.5) ? { remove: someone } : { add: someone }
      await admin(world).call('category.update', { category: world.random.pick(world.categories), [list]: change })
    },
  },
  {
    name: 'move',
    weight: 2,
    changesRights: true,
    async run(world) {
      const room = hotRoom(world)
      // Whether the other category keeps history is not known here.
      world.passing.add(room)
      await admin(world).call('room.update', { room, category: world.random.pick(world.categories) })
    },
  },
  {
    name: 'account',
    weight: 1,
    changesRights: true,
    async run(world) {
      // Disabling ends sessions, which ends the clients; the policy takes the rights alone.
      const scope = world.random.pick(world.users).me.id
      await admin(world).call('policy.grant', { scope, enabled: false })
      await sleep(world.random.below(50))
      await admin(world).call('policy.grant', { scope, enabled: true })
    },
  },
  {
    name: 'history',
    weight: 2,
    changesRights: true,
    async run(world) {
      for (const room of world.rooms) world.passing.add(room)
      const chatHistory = world.random.chance(0.6)
      await admin(world).call('category.update', { category: world.random.pick(world.categories), chatHistory })
    },
  },
]
