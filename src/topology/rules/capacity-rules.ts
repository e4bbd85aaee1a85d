import {
  enabledUsers,
  endpointsOfAll,
  endpointsPerProcess,
  endpointsPerUser,
  usersOfAll,
  usersOnStandardEdition,
  usersPerServer,
  usersPerSurvivor,
} from '../limits.ts'
import { counted, type Found, type Rule } from '../rule.ts'
import { activeOf, type PoolView, type View } from '../view.ts'

/** How many people: what is declared against what was published or measured. */
export const capacityRules: Rule[] = [
  {
    id: 'TR50',
    level: 'error',
    text: 'A pool is for at most 20,000 users at a time for each active server.',
    find: ({ pools }) =>
      pools.filter(isOver).map(one => ({
        path: `${one.path}/users/concurrent`,
        reason: `${counted(usersOf(one))} users on ${counted(activeOf(one).length)} active servers are more than ${counted(usersPerServer)} each.`,
        mend: `Make ${counted(Math.ceil(usersOf(one) / usersPerServer))} servers active, or declare fewer users.`,
      })),
  },
  {
    id: 'TR51',
    level: 'error',
    text: 'All pools together are for at most 80,000 users at a time.',
    find: view => overall(view, 'concurrent', usersOfAll, 'users at a time'),
  },
  {
    id: 'TR52',
    level: 'error',
    text: 'All pools together have at most 150,000 enabled users.',
    find: view => overall(view, 'enabled', enabledUsers, 'enabled users'),
  },
  {
    id: 'TR53',
    level: 'error',
    text: 'All pools together have at most 120,000 devices at a time; a pool that says nothing has 1.5 for each user.',
    // Where no pool says how many devices it has, the rule of users says the same.
    find: view =>
      view.pools.some(({ pool }) => pool.users.endpoints !== undefined)
        ? overall(view, 'endpoints', endpointsOfAll, 'devices')
        : [],
  },
  {
    id: 'TR54',
    level: 'advice',
    text: 'A Standard Edition server is for up to 5,000 users at a time.',
    find: ({ pools }) =>
      pools
        .filter(one => one.standard && usersOf(one) > usersOnStandardEdition && !isOver(one))
        .map(one => ({
          path: `${one.path}/users/concurrent`,
          reason: `On one machine server, store and archive share processor and disk; it is meant for ${counted(usersOnStandardEdition)} users, and ${counted(usersOf(one))} are declared.`,
          mend: 'Choose Enterprise Edition, or try it on that machine with pchat load.',
        })),
  },
  {
    id: 'TR55',
    level: 'advice',
    text: 'While one active server is away, the others have at most 30,000 users each.',
    find: ({ pools }) =>
      pools
        .filter(one => activeOf(one).length > 1 && !isOver(one))
        .filter(one => usersOf(one) / (activeOf(one).length - 1) > usersPerSurvivor)
        .map(one => ({
          path: `${one.path}/users/concurrent`,
          reason: `While one of ${activeOf(one).length} active servers is away, the others would have ${counted(Math.ceil(usersOf(one) / (activeOf(one).length - 1)))} users each.`,
          mend: 'Make one server more active.',
        })),
  },
  {
    id: 'TR56',
    level: 'advice',
    text: 'A server has as many processes as its devices need: 19,800 each.',
    find: ({ pools }) =>
      pools
        .filter(
          one =>
            activeOf(one).length > 0 && !isOver(one) && endpointsEach(one) > endpointsPerProcess * one.pool.workers,
        )
        .map(one => ({
          path: `${one.path}/workers`,
          reason: `${counted(endpointsEach(one))} devices at each active server are more than its ${counted(one.pool.workers)} process${one.pool.workers > 1 ? 'es' : ''} can hold: 20,000 open files each are usual.`,
          mend: `Set workers to ${Math.ceil(endpointsEach(one) / endpointsPerProcess)}.`,
        })),
  },
]

function usersOf({ pool }: PoolView): number {
  return pool.users.concurrent ?? 0
}

function isOver(one: PoolView): boolean {
  const active = activeOf(one).length
  return active > 0 && usersOf(one) > usersPerServer * active
}

function endpointsEach(one: PoolView): number {
  return Math.ceil(endpointsOf(one) / activeOf(one).length)
}

function endpointsOf(one: PoolView): number {
  return one.pool.users.endpoints ?? usersOf(one) * endpointsPerUser
}

/** Told at the pool with which the sum goes beyond. */
function overall({ pools }: View, what: 'concurrent' | 'enabled' | 'endpoints', most: number, words: string): Found[] {
  const numberOf = (one: PoolView) => (what === 'endpoints' ? endpointsOf(one) : (one.pool.users[what] ?? 0))
  let sum = 0
  for (const one of pools) {
    sum += numberOf(one)
    if (sum > most) {
      const all = Math.ceil(pools.reduce((count, other) => count + numberOf(other), 0))
      return [
        {
          path: `${one.path}/users/${one.pool.users[what] === undefined ? 'concurrent' : what}`,
          reason: `All pools together have ${counted(all)} ${words}, and ${counted(most)} is the most that was shown to work.`,
          mend: 'Declare fewer.',
        },
      ]
    }
  }
  return []
}
