import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolSite, Slot } from './pool-site.ts'
import type { Random } from './random.ts'

/** Something that goes wrong and is mended again; answers what exactly it was. */
export type PoolFault = (site: PoolSite, random: Random) => Promise<string>

export const serverFaults = {
  'server killed': (site, random) =>
    trouble(pick(site, random), random, async slot => {
      await slot.kill('SIGKILL')
      await sleep(random.below(1_500))
      await slot.start()
      return ''
    }),
  'server ended': (site, random) =>
    trouble(pick(site, random), random, async slot => {
      await slot.kill('SIGTERM')
      await slot.start()
      return ''
    }),
  // With posts in flight all the time it is nearly always within a batch.
  'server stopped': (site, random) =>
    trouble(pick(site, random), random, async slot => {
      slot.signal('SIGSTOP')
      const ms = 500 + random.below(5_500)
      await sleep(ms)
      slot.signal('SIGCONT')
      return `for ${ms} ms`
    }),
  'nats killed': async ({ nats, slots }, random) => {
    await nats.kill()
    await sleep(1_000 + random.below(4_000))
    const said = await Promise.all(slots.map(readyText))
    await nats.start()
    return `ready said ${[...new Set(said)].join(' or ')}`
  },
  'cut from nats': (site, random) =>
    trouble(pick(site, random), random, async slot => {
      const how = random.pick(['cut', 'freeze'] as const)
      slot.nats[how]()
      await sleep(1_000 + random.below(5_000))
      slot.nats.heal()
      return how
    }),
  'cut from store': (site, random) =>
    trouble(pick(site, random), random, async slot => {
      const how = random.pick(['cut', 'freeze'] as const)
      for (const proxy of slot.store) proxy[how]()
      await sleep(500 + random.below(6_000))
      for (const proxy of slot.store) proxy.heal()
      return how
    }),
  // One host of two: what the server finds of the pair is not what the others find.
  'cut from primary': (site, random) =>
    trouble(pick(site, random), random, async slot => {
      const how = random.pick(['cut', 'freeze'] as const)
      const proxy = slot.store[site.hosts === 1 || site.pair.primary() === 'a' ? 0 : 1]!
      proxy[how]()
      await sleep(500 + random.below(6_000))
      proxy.heal()
      return how
    }),
} satisfies Record<string, PoolFault>

export const storeFaults = {
  'primary killed': (site, random) =>
    storeTrouble(site, async () => {
      const primary = site.pair.primary()
      await site.pair.signal(primary, 'SIGKILL')
      await sleep(random.below(2_500))
      await site.pair.restart(primary)
      await site.pair.inSync()
      return ''
    }),
  'primary stopped': (site, random) =>
    storeTrouble(site, async () => {
      const primary = site.pair.primary()
      await site.pair.signal(primary, 'SIGSTOP')
      const ms = 500 + random.below(5_000)
      await sleep(ms)
      await site.pair.signal(primary, 'SIGCONT')
      await site.pair.inSync()
      return `for ${ms} ms`
    }),
  'backend killed': site =>
    storeTrouble(site, async () => {
      await site.pair.killBackend(site.pair.primary())
      await sleep(300)
      await site.pair.inSync()
      return ''
    }),
  // Posting waits for it: what is acknowledged must be in two places.
  'stand-by killed': (site, random) =>
    storeTrouble(site, async () => {
      const standby = site.pair.standby()
      await site.pair.signal(standby, 'SIGKILL')
      const ms = 500 + random.below(4_000)
      await sleep(ms)
      await site.pair.restart(standby)
      await site.pair.inSync()
      return `for ${ms} ms`
    }),
  'stand-by stopped': (site, random) =>
    storeTrouble(site, async () => {
      const standby = site.pair.standby()
      await site.pair.signal(standby, 'SIGSTOP')
      await sleep(500 + random.below(3_000))
      await site.pair.signal(standby, 'SIGCONT')
      await site.pair.inSync()
      return ''
    }),
  promotion: (site, random) => storeTrouble(site, () => promote(site, random)),
  // One server sees the old primary only, all the others the new one only: it must not answer from what it sees.
  split: (site, random) => storeTrouble(site, () => split(site, random)),
} satisfies Record<string, PoolFault>

/** What became of the old primary before the stand-by takes over. */
const endings = ['killed', 'stopped', 'alive', 'unreachable'] as const

/** The stand-by takes over from a primary that is dead, hangs, lives, or cannot be reached; which may come back before it is mended. */
async function promote(site: PoolSite, random: Random): Promise<string> {
  const { pair, slots } = site
  const old = pair.primary()
  const ways = slots.map(slot => slot.store[site.hosts === 1 || old === 'a' ? 0 : 1]!)
  const ending = random.pick(endings)
  const returns = random.chance(0.5)
  if (ending === 'killed') await pair.signal(old, 'SIGKILL')
  if (ending === 'stopped') await pair.signal(old, 'SIGSTOP')
  if (ending === 'unreachable') for (const way of ways) way.freeze()
  await pair.promote()
  if (site.hosts === 1) site.leadToPrimary()
  if (returns) {
    // It knows nothing of its successor and takes itself for the primary.
    if (ending === 'killed') await pair.restart(old)
    if (ending === 'stopped') await pair.signal(old, 'SIGCONT')
    if (ending === 'unreachable') for (const way of ways) way.heal()
    await sleep(1_000 + random.below(3_000))
  } else await sleep(random.below(2_000))
  const how = random.pick(['rewind', 'copy'] as const)
  await pair.rejoin(how)
  for (const way of ways) way.heal()
  return `old primary ${ending}${returns ? ', back for a while' : ''}, rejoined by ${how}`
}

async function split(site: PoolSite, random: Random): Promise<string> {
  const { pair, slots } = site
  const [old, next] = pair.primary() === 'a' ? [0, 1] : [1, 0]
  const lone = pick(site, random)
  const ways = slots.map(slot => slot.store[site.hosts === 1 ? 0 : slot === lone ? next : old]!)
  if (site.hosts === 2) for (const way of ways) way.freeze()
  await pair.promote()
  if (site.hosts === 1) site.leadToPrimary()
  await sleep(3_000 + random.below(3_000))
  if (random.chance(0.5)) {
    for (const way of ways) way.heal()
    await sleep(random.below(2_000))
  }
  await pair.rejoin(random.pick(['rewind', 'copy'] as const))
  for (const way of ways) way.heal()
  return `server ${slots.indexOf(lone)} stayed with the old primary`
}

function pick(site: PoolSite, random: Random): Slot {
  return random.pick(site.slots)
}

async function trouble(slot: Slot, random: Random, work: (slot: Slot) => Promise<string>): Promise<string> {
  const mark = `trouble ${random.below(2 ** 30)}`
  slot.troubled.add(mark)
  try {
    return await work(slot)
  } finally {
    slot.troubled.delete(mark)
  }
}

async function storeTrouble(site: PoolSite, work: () => Promise<string>): Promise<string> {
  site.storeTroubled.add('trouble')
  try {
    return await work()
  } finally {
    site.storeTroubled.delete('trouble')
  }
}

/** What a server says of itself to whoever balances load. */
export async function readyText(slot: Slot): Promise<string> {
  const url = slot.url()
  if (url === undefined) return 'nothing'
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })
    return `${response.status} ${(await response.text()).slice(0, 200)}`
  } catch {
    return 'nothing'
  }
}
