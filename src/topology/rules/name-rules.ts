import { isIP } from 'node:net'
import { isLoopback, isName, plainIp } from '../host.ts'
import { type Found, type Rule, repeated } from '../rule.ts'
import { allMachines, machinesOf, namedHosts, type Server, type View } from '../view.ts'

/** What things are called, and where they listen. */
export const nameRules: Rule[] = [
  {
    id: 'TR1',
    level: 'error',
    text: 'A site has a name of its own.',
    find: ({ topology }) =>
      repeated(
        topology.sites.map(({ name }, i) => ({ name, path: `/sites/${i}/name` })),
        one => one.name,
      ).map(({ one }) => ({
        path: one.path,
        reason: `Two sites are called ${one.name}, so that nobody knows whose policies and options are meant.`,
        mend: 'Rename one of them, or take it away.',
      })),
  },
  {
    id: 'TR2',
    level: 'error',
    text: 'Every pool and every server has a full name of its own; only a pool on a Standard Edition server has the name of that server.',
    find: findSameNames,
  },
  {
    id: 'TR3',
    level: 'error',
    text: 'A full name is a name and no IP address or number, so that certificates and addresses can hold it.',
    find: view =>
      named(view)
        .filter(({ fqdn }) => !isName(fqdn))
        .map(({ fqdn, path }) => ({
          path: `${path}/fqdn`,
          reason: `${fqdn} ends in a number, and neither certificates nor addresses take it for a name.`,
          mend: 'Give the name that the machine has in DNS, such as chat1.example.com.',
        })),
  },
  {
    id: 'TR4',
    level: 'error',
    text: 'Persistent Chat pools have different names on the bus and in options.',
    find: ({ pools }) =>
      repeated(pools, ({ pool }) => pool.name).map(({ one, first }) => ({
        path: `${one.path}/name`,
        reason: `${one.pool.fqdn} and ${first.pool.fqdn} are both called ${one.pool.name}: on one NATS they would hear each other, and options of pool:${one.pool.name} would be of both.`,
        mend: 'Give each a name of its own.',
      })),
  },
  {
    id: 'TR5',
    level: 'error',
    text: 'Where there are several Persistent Chat pools, each has a display name of its own.',
    find: ({ pools }) => {
      if (pools.length < 2) return []
      const nameless = pools.filter(({ pool }) => pool.displayName === undefined)
      const same = repeated(pools, ({ pool }) => pool.displayName).map(({ one }) => one)
      return [...nameless, ...same].map(({ pool, path }) => ({
        path: pool.displayName === undefined ? path : `${path}/displayName`,
        reason: `People tell pools apart by their display names, and ${pool.fqdn} has ${pool.displayName === undefined ? 'none' : 'that of another one'}.`,
        mend: 'Give it a displayName of its own.',
      }))
    },
  },
  {
    id: 'TR6',
    level: 'error',
    text: 'The address of a machine is an IP address of that machine alone; the host of a database or of NATS is a name or an IP address.',
    find: view => [
      ...allMachines(view)
        .filter(({ address }) => address !== undefined && !isOwn(address))
        .map(({ address, path }) => ({
          path: `${path}/address`,
          reason: `${address} is no IP address that one machine has for itself.`,
          mend: 'Give one such as 10.0.0.11, or leave address out: then the machine listens where its name leads to.',
        })),
      ...namedHosts(view)
        .filter(({ host }) => (host.includes(':') ? isIP(host) !== 6 : URL.parse(`https://${host}`)?.hostname !== host))
        .map(({ host, path }) => ({
          path: `${path}/host`,
          reason: `${host} is neither a name nor an IP address.`,
          mend: 'Give one such as db1.example.com, 10.0.0.21 or fd00::21.',
        })),
    ],
  },
  {
    id: 'TR7',
    level: 'error',
    text: 'No two machines have one address.',
    find: view => {
      const known = new Set<string>()
      // A machine that stands there twice is told as that.
      const each = allMachines(view).filter(({ fqdn }) => !known.has(fqdn) && known.add(fqdn))
      return repeated(each, ({ address }) => (address === undefined ? address : plainIp(address))).map(
        ({ one, first }) => ({
          path: `${one.path}/address`,
          reason: `${one.fqdn} and ${first.fqdn} both have ${one.address}.`,
          mend: 'Give each machine its own address.',
        }),
      )
    },
  },
  {
    id: 'TR8',
    level: 'error',
    text: 'On one machine nothing listens where something else does: servers, web services, databases and NATS.',
    find: view =>
      repeated(listeners(view), ({ machine, port }) => `${machine} ${port}`)
        .filter(({ one, first }) => one.what !== first.what)
        .map(({ one, first }) => ({
          path: one.path,
          reason: `On ${one.machine} port ${one.port} is that of ${first.what}, and ${one.what} cannot have it too.`,
          mend: 'Give one of them another port.',
        })),
  },
]

type Named = { fqdn: string; path: string }

function named({ topology, frontEnds, standards, pools, chatServers }: View): Named[] {
  return [
    ...topology.enterprisePools.map(({ fqdn }, i) => ({ fqdn, path: `/enterprisePools/${i}` })),
    ...frontEnds,
    ...standards,
    ...pools.filter(one => !one.standard).map(({ pool, path }) => ({ fqdn: pool.fqdn, path })),
    ...chatServers,
  ]
}

/** A Persistent Chat Server on another role's machine is what the rules of collocation speak of. */
function findSameNames(view: View): Found[] {
  const elsewhere = new Set([...view.frontEnds, ...view.standards].map(one => one.fqdn))
  const all = named(view).filter(one => !view.chatServers.includes(one as Server) || !elsewhere.has(one.fqdn))
  const doubled = repeated(
    view.pools.filter(one => one.standard),
    ({ pool }) => pool.fqdn,
  ).map(({ one }) => ({ fqdn: one.pool.fqdn, path: one.path }))
  const twice = view.chatServers.filter(one => elsewhere.has(one.fqdn))
  return [
    ...repeated(all, one => one.fqdn).map(({ one }) => one),
    ...doubled,
    ...repeated(twice, one => one.fqdn).map(({ one }) => one),
  ].map(({ fqdn, path }) => ({
    path: `${path}/fqdn`,
    reason: `${fqdn} is the name of something else already, so that whoever asks for it may come to either.`,
    mend: 'Give a pool a name beside those of its servers, and name each server once.',
  }))
}

function isOwn(address: string): boolean {
  const plain = plainIp(address)
  if (plain === undefined || plain === '::') return false
  return isIP(plain) === 6 ? !plain.startsWith('ff') : !plain.startsWith('0.') && Number(plain.split('.')[0]) < 224
}

type Listener = { machine: string; port: number; what: string; path: string }

function listeners(view: View): Listener[] {
  const found: Listener[] = []
  // A Persistent Chat Server on another role's machine is to go from there, not to another port.
  const taken = new Set([...view.frontEnds, ...view.standards].map(one => one.fqdn))
  for (const { pool, path, nextHop, servers, standard } of view.pools) {
    for (const server of servers.filter(one => standard !== undefined || !taken.has(one.fqdn)))
      found.push({ machine: server.fqdn, port: pool.port, what: `pool ${pool.fqdn}`, path: `${path}/port` })
    for (const server of nextHop?.servers ?? []) {
      if (server.fqdn === standard?.fqdn) continue
      const what = `the web services of ${pool.fqdn}`
      found.push({ machine: server.fqdn, port: pool.webPort, what, path: `${path}/webPort` })
    }
  }
  return [...found, ...elsewhere(view)]
}

/** What is not ours. What leads to each of several machines is an error of its own. */
function elsewhere(view: View): Listener[] {
  return namedHosts(view)
    .filter(({ pool, host }) => !isLoopback(host) || machinesOf(pool).length === 1)
    .map(({ pool, host, port, what, path }) => ({ machine: pool.whereIs(host), port, what, path: `${path}/port` }))
}
