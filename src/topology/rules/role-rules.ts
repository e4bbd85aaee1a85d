import { maxActiveServers, maxServers } from '../limits.ts'
import { counted, type Rule } from '../rule.ts'
import { activeOf, hostsOf, type PoolView } from '../view.ts'

const collocated = (pools: PoolView[]) => pools.filter(one => one.standard !== undefined)
const apart = (pools: PoolView[]) => pools.filter(one => one.standard === undefined)

/** Which role runs on which machine: Enterprise Edition, Standard Edition, and the servers of a pool. */
export const roleRules: Rule[] = [
  {
    id: 'TR14',
    level: 'error',
    text: 'An Enterprise Edition pool has at least one Front End Server.',
    find: ({ topology }) =>
      topology.enterprisePools.flatMap(({ fqdn, servers }, i) =>
        servers.length > 0
          ? []
          : [
              {
                path: `/enterprisePools/${i}/servers`,
                reason: `${fqdn} has no Front End Server, and sign-in and the two web services run on one.`,
                mend: 'Add a machine to servers.',
              },
            ],
      ),
  },
  {
    id: 'TR15',
    level: 'error',
    text: 'A Persistent Chat pool has a next hop: an Enterprise Edition pool or a Standard Edition server of this topology.',
    find: ({ pools }) =>
      pools
        .filter(one => one.nextHop === undefined)
        .map(({ pool, path }) => ({
          path: pool.nextHop === undefined ? path : `${path}/nextHop`,
          reason: `${pool.nextHop === undefined ? 'No next hop is named' : `There is no ${pool.nextHop}`}: people sign in there, and the two web services run there.`,
          mend: 'Name the fqdn of an Enterprise Edition pool or of a Standard Edition server as nextHop.',
        })),
  },
  {
    id: 'TR16',
    level: 'advice',
    text: 'Every Enterprise Edition pool and every Standard Edition server is the next hop of a Persistent Chat pool.',
    find: ({ topology, pools }) =>
      [
        ...topology.enterprisePools.map(({ fqdn }, i) => ({ fqdn, path: `/enterprisePools/${i}` })),
        ...topology.standardServers.map(({ fqdn }, i) => ({ fqdn, path: `/standardServers/${i}` })),
      ]
        .filter(({ fqdn }) => pools.length > 0 && !pools.some(({ nextHop }) => nextHop?.fqdn === fqdn))
        .map(({ fqdn, path }) => ({
          path,
          reason: `No Persistent Chat pool has ${fqdn} as its next hop, so that nothing runs there.`,
          mend: 'Name it as nextHop of a pool, or take it away.',
        })),
  },
  {
    id: 'TR17',
    level: 'error',
    text: 'A Persistent Chat Server is never collocated on a Front End Server.',
    find: ({ frontEnds, chatServers }) =>
      chatServers
        .filter(({ fqdn }) => frontEnds.some(one => one.fqdn === fqdn))
        .map(({ fqdn, path }) => ({
          path: `${path}/fqdn`,
          reason: `${fqdn} is a Front End Server. Thousands of live sessions would take the machine from sign-in and web services.`,
          mend: 'Take a stand-alone machine for the Persistent Chat Server.',
        })),
  },
  {
    id: 'TR18',
    level: 'error',
    text: 'A pool that is collocated on a Standard Edition server has the full name of that server.',
    find: ({ standards, chatServers }) =>
      chatServers
        .filter(({ fqdn }) => standards.some(one => one.fqdn === fqdn))
        .map(({ fqdn, path }) => ({
          path: `${path}/fqdn`,
          reason: `${fqdn} is a Standard Edition server, and a pool is collocated there only under the name of the server.`,
          mend: `Give the pool the fqdn ${fqdn} and no servers, or take another machine.`,
        })),
  },
  {
    id: 'TR19',
    level: 'error',
    text: 'A pool on a Standard Edition server has no other servers, active or on stand-by.',
    find: ({ pools }) =>
      collocated(pools)
        .filter(({ pool }) => pool.servers.length > 0)
        .map(({ pool, path }) => ({
          path: `${path}/servers`,
          reason: `${pool.fqdn} is a Standard Edition server, on which everything is on that one machine.`,
          mend: 'Leave servers out; or give the pool another fqdn and servers of its own, with the Standard Edition server as nextHop.',
        })),
  },
  {
    id: 'TR20',
    level: 'error',
    text: 'A pool on a Standard Edition server has that server as its next hop.',
    find: ({ pools }) =>
      collocated(pools)
        .filter(({ pool }) => pool.nextHop !== undefined && pool.nextHop !== pool.fqdn)
        .map(({ pool, path }) => ({
          path: `${path}/nextHop`,
          reason: `Sign-in and web services of ${pool.fqdn} run on that machine, with everything else.`,
          mend: 'Leave nextHop out.',
        })),
  },
  {
    id: 'TR21',
    level: 'error',
    text: 'A pool on a Standard Edition server has its store and its archive on that machine.',
    find: ({ pools }) =>
      collocated(pools).flatMap(({ pool, path, whereIs }) =>
        [
          ...(pool.store?.hosts ?? []).map(({ host }, i) => ({ host, at: `${path}/store/hosts/${i}/host` })),
          ...(pool.compliance.store?.hosts ?? []).map(({ host }, i) => ({
            ...{ host, at: `${path}/compliance/store/hosts/${i}/host` },
          })),
        ]
          .filter(({ host }) => whereIs(host) !== pool.fqdn)
          .map(({ host, at }) => ({
            path: at,
            reason: `${host} is another machine, and Standard Edition is one machine with the local database.`,
            mend: 'Leave it out, for the embedded database; or choose Enterprise Edition.',
          })),
      ),
  },
  {
    id: 'TR22',
    level: 'error',
    text: 'Standard Edition is without high availability: no NATS, no second host of a database, no backup of the store in another site.',
    find: ({ pools }) =>
      collocated(pools).flatMap(({ pool, path }) =>
        [
          { is: pool.nats !== undefined, at: 'nats', what: 'NATS joins several servers' },
          { is: hostsOf(pool.store).length > 1, at: 'store/hosts', what: 'a second host takes over from the first' },
          {
            is: hostsOf(pool.compliance.store).length > 1,
            at: 'compliance/store/hosts',
            what: 'a second host takes over from the first',
          },
          { is: pool.backupStore !== undefined, at: 'backupStore', what: 'another site takes over with it' },
        ]
          .filter(({ is }) => is)
          .map(({ at, what }) => ({
            path: `${path}/${at}`,
            reason: `There is no high availability on one machine, and ${what}.`,
            mend: 'Take it away, or choose Enterprise Edition.',
          })),
      ),
  },
  {
    id: 'TR76',
    level: 'error',
    text: 'A pool on a Standard Edition server is in the site of that server.',
    find: ({ pools }) =>
      collocated(pools)
        .filter(({ pool, standard }) => pool.site !== undefined && standard?.site !== undefined)
        .filter(({ pool, standard }) => pool.site !== standard?.site)
        .map(({ pool, path, standard }) => ({
          path: `${path}/site`,
          reason: `${pool.fqdn} stands in ${standard!.site}, and its pool cannot be in ${pool.site}.`,
          mend: 'Leave the site of the pool out.',
        })),
  },
  {
    id: 'TR23',
    level: 'error',
    text: 'A topology has a Persistent Chat pool, and a pool at least one server that is active.',
    find: ({ pools }) => [
      ...(pools.length > 0
        ? []
        : [
            {
              path: '/persistentChatPools',
              reason: 'There is no Persistent Chat pool; at least one server and one database are needed.',
              mend: 'Add one to persistentChatPools; pchat topology new writes an example.',
            },
          ]),
      ...apart(pools)
        .filter(one => activeOf(one).length === 0)
        .map(({ pool, path, servers }) => ({
          path: `${path}/servers`,
          reason: `${pool.fqdn} has no server that takes sessions${servers.length > 0 ? ': all are on stand-by' : ''}.`,
          mend: servers.length > 0 ? 'Take standby from one of them.' : 'Add a stand-alone machine to servers.',
        })),
    ],
  },
  {
    id: 'TR24',
    level: 'error',
    text: 'A pool has at most 4 active servers; the machines of its next hop are none of them.',
    find: ({ pools }) =>
      apart(pools)
        .filter(one => activeOf(one).length > maxActiveServers)
        .map(one => ({
          path: `${one.path}/servers`,
          reason: `${one.pool.fqdn} has ${counted(activeOf(one).length)} active servers, and a pool can have ${maxActiveServers}.`,
          mend: 'Put the others on stand-by (standby: true), or take them away.',
        })),
  },
  {
    id: 'TR25',
    level: 'error',
    text: 'A pool has at most 8 servers with those on stand-by; the machines of its next hop are none of them.',
    find: ({ pools }) =>
      apart(pools)
        .filter(one => one.servers.length > maxServers)
        .map(one => ({
          path: `${one.path}/servers`,
          reason: `${one.pool.fqdn} has ${counted(one.servers.length)} servers, and a pool can have ${maxServers}: the next one would not be let in.`,
          mend: `Take ${counted(one.servers.length - maxServers)} away.`,
        })),
  },
  {
    id: 'TR26',
    level: 'advice',
    text: 'The servers of a pool are in the DNS domain of its next hop, or below it.',
    find: ({ pools }) =>
      apart(pools).flatMap(({ servers, nextHop }) =>
        servers
          .filter(({ fqdn }) => nextHop && !`.${fqdn}`.endsWith(domainOf(nextHop.fqdn)))
          .map(({ fqdn, path }) => ({
            path: `${path}/fqdn`,
            reason: `${fqdn} is not in ${domainOf(nextHop!.fqdn).slice(1)}, so that one certificate authority, one cookie and one passkey hardly fit both.`,
            mend: `Give the machine a name in ${domainOf(nextHop!.fqdn).slice(1)}.`,
          })),
      ),
  },
  {
    id: 'TR27',
    level: 'advice',
    text: 'A pool has a second server.',
    find: ({ pools }) =>
      apart(pools)
        .filter(({ servers }) => servers.length === 1)
        .map(({ pool, path }) => ({
          path: `${path}/servers`,
          reason: `${pool.fqdn} has one server: while that is away nobody chats.`,
          mend: 'Add a second one, active or on stand-by; a pool grows at any time.',
        })),
  },
]

/** `.example.com` of `fe.example.com`; nothing of a name without a domain. */
function domainOf(fqdn: string): string {
  return fqdn.replace(/^[^.]*/, '')
}
