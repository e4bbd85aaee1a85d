import { lookup, lookupService } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { isLoopback } from '../topology/host.ts'
import type { ServerPlan } from '../topology/plan.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'

const area = 'names'

/** The machine's name to its address and back, the names of its pools, and those of whom it talks to. By DNS or /etc/hosts. */
export async function checkNames({ fqdn, address, processes }: ServerPlan): Promise<Check[]> {
  const own = Object.values(networkInterfaces()).flatMap(all => (all ?? []).map(one => one.address))
  const pools = [...new Set(processes.map(({ pool }) => pool))].filter(pool => pool !== fqdn)
  const peers = [...new Set(processes.flatMap(one => one.peers.map(({ host }) => host)))]
  const others = peers.filter(host => host !== fqdn && !pools.includes(host))
  const enter = 'Enter it into DNS, or into /etc/hosts.'
  return Promise.all([
    look(area, fqdn, 'an address of this machine', enter, async () =>
      seeOwnName({ fqdn, address, found: await addressesOf(fqdn), own }),
    ),
    ...(isLoopback(fqdn)
      ? []
      : [look(area, `${fqdn}: and back`, fqdn, enter, async () => seeBack(fqdn, address, await addressesOf(fqdn)))]),
    ...pools.map(pool =>
      look(area, pool, 'addresses of the servers of the pool', enter, async () =>
        seePoolName(pool, await addressesOf(pool)),
      ),
    ),
    ...others.map(host => look(area, host, 'an address', enter, async () => seeName(host, await addressesOf(host)))),
  ])
}

/** Those that a program of this machine gets. Empty: it leads nowhere. */
async function addressesOf(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map(one => one.address)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') return []
    throw error
  }
}

type OwnName = { fqdn: string; address?: string | undefined; found: string[]; own: string[] }

export function seeOwnName({ fqdn, address, found, own }: OwnName): Seen {
  const wanted = address === undefined ? 'an address of this machine' : `${address}, an address of this machine`
  const shown = found.join(', ')
  const enter = `Enter ${fqdn} with the address of this machine into DNS, or into /etc/hosts.`
  if (found.length === 0) return fault('it leads nowhere', wanted, enter)
  if (address !== undefined && !own.includes(address))
    return fault(
      `${address} is none of ${own.join(', ')}`,
      wanted,
      'Give the machine that address, or mend address in the topology.',
    )
  if (address !== undefined && !found.includes(address)) return fault(shown, wanted, enter)
  if (!isLoopback(fqdn) && found.every(isLoopback))
    return fault(`${shown}: from this machine only`, wanted, `Others are to reach it. ${enter}`)
  const mine = found.filter(one => own.includes(one) || isLoopback(one))
  if (mine.length > 0) return ok(shown, wanted)
  return fault(
    `${shown}, another machine's: this one has ${own.join(', ')}`,
    wanted,
    `Is this the machine that is called ${fqdn}? ${enter}`,
  )
}

async function seeBack(fqdn: string, address: string | undefined, found: string[]): Promise<Seen> {
  const addresses = address === undefined ? found : [address]
  if (addresses.length === 0) return warning('it leads nowhere', fqdn, 'First its address, then the way back.')
  const names = await Promise.all(
    addresses.map(one =>
      lookupService(one, 443).then(
        ({ hostname }) => hostname,
        () => one,
      ),
    ),
  )
  return judgeBack(fqdn, addresses, names)
}

export function judgeBack(fqdn: string, addresses: string[], names: string[]): Seen {
  const shown = addresses.map((one, i) => `${one} is ${names[i] === one ? 'without a name' : names[i]}`).join('; ')
  return names.every(name => name.toLowerCase() === fqdn)
    ? ok(shown, fqdn)
    : warning(shown, fqdn, `Enter the way back (PTR) into DNS, or put ${fqdn} first behind its address in /etc/hosts.`)
}

function seePoolName(pool: string, found: string[]): Seen {
  const wanted = 'addresses of the servers of the pool'
  return found.length > 0
    ? ok(found.join(', '), wanted)
    : warning(
        'it leads nowhere',
        wanted,
        `Enter ${pool} into DNS with the addresses of all servers that people sign in at.`,
      )
}

function seeName(host: string, found: string[]): Seen {
  return found.length > 0
    ? ok(found.join(', '), 'an address')
    : fault(
        'it leads nowhere',
        'an address',
        `Enter ${host} into DNS, or into /etc/hosts; or mend its name in the topology.`,
      )
}
