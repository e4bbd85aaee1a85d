import { isInDomain } from '../../base/host.ts'
import { isPlace } from '../../base/proxies.ts'
import { isLoopback, plainHost } from '../host.ts'
import { counted, type Rule } from '../rule.ts'
import { allMachines, listenOf, machinesOf, namedHosts, type PoolView, urlOf, type View } from '../view.ts'

/** File store, bus, certificates and addresses for clients. */
export const serviceRules: Rule[] = [
  {
    id: 'TR42',
    level: 'error',
    text: 'A file store is local only where one machine serves the pool.',
    find: ({ pools }) =>
      pools
        .filter(one => machinesOf(one).length > 1 && !isShared(one.pool.fileStore))
        .map(one => ({
          path: one.pool.fileStore ? `${one.path}/fileStore` : one.path,
          reason: `${counted(machinesOf(one).length)} machines serve ${one.pool.fqdn}, and what one of them takes must be had from all; its file store is in a folder of each.`,
          mend: 'Name a bucket (s3://…), or a folder that is mounted on all of them and shared: true.',
        })),
  },
  {
    id: 'TR43',
    level: 'error',
    text: 'A bucket is named by an address that can be read, and that holds no keys.',
    find: ({ pools }) =>
      pools
        .filter(({ pool }) => pool.fileStore?.place.startsWith('s3:') && !isBucket(pool.fileStore.place))
        .map(({ path }) => ({
          path: `${path}/fileStore/place`,
          reason: 'This is no bucket with an endpoint that can be read.',
          mend: 'Give an address such as s3://bucket/folder?endpoint=https://s3.example.com&region=eu-1.',
        })),
  },
  {
    id: 'TR44',
    level: 'error',
    text: 'Where more than one machine serves a pool there is NATS between them.',
    find: ({ pools }) =>
      pools
        .filter(one => machinesOf(one).length > 1 && !one.pool.nats)
        .map(one => ({
          path: one.path,
          reason: `${counted(machinesOf(one).length)} machines serve ${one.pool.fqdn}: its servers, and those of its next hop. Without NATS they do not hear each other.`,
          mend: 'Name its servers under nats; one NATS can be of several pools.',
        })),
  },
  {
    id: 'TR75',
    level: 'error',
    text: 'Who signs in at NATS by name has a password; without one the name would be sent as a token.',
    find: ({ pools }) =>
      pools
        .filter(({ pool }) => pool.nats?.user !== undefined && pool.nats.password === undefined)
        .map(({ pool, path }) => ({
          path: `${path}/nats/user`,
          reason: `${pool.nats!.user} has no password, and NATS would be told the name as a token.`,
          mend: 'Say where the password stands (password: env:NAME or file:/path), or leave user out.',
        })),
  },
  {
    id: 'TR45',
    level: 'error',
    text: 'A machine without a certificate is reached from itself only.',
    find: view =>
      allMachines(view)
        .filter(one => one.certificate.from === 'none' && !isLoopback(listenOf(one)))
        .map(one => ({
          path: `${one.path}/certificate/from`,
          reason: `${one.fqdn} is reached from other machines, so that passwords need a certificate.`,
          mend: 'Give one (from: files or authority), or let the server make one for a trial (from: self-signed).',
        })),
  },
  {
    id: 'TR46',
    level: 'error',
    text: 'Where several machines serve a pool, none of them and no database or NATS has a name or address that leads to its own machine only.',
    find: view => [
      ...view.pools
        .filter(one => machinesOf(one).length > 1)
        .flatMap(one => [...one.servers, ...(one.nextHop?.servers ?? [])])
        .filter(one => isLoopback(one.fqdn) || isLoopback(listenOf(one)))
        .map(one => ({
          path: one.address !== undefined && !isLoopback(one.fqdn) ? `${one.path}/address` : `${one.path}/fqdn`,
          reason: `${listenOf(one)} is reached from the machine itself only, and other machines and clients have to come there.`,
          mend: 'Give the name and the address that the machine has in its network.',
        })),
      ...namedHosts(view)
        .filter(({ pool, host }) => machinesOf(pool).length > 1 && isLoopback(host))
        .map(({ host, what, path }) => ({
          path: `${path}/host`,
          reason: `${host} is another ${what} on each machine that serves the pool.`,
          mend: 'Give the name that it has in the network.',
        })),
    ],
  },
  {
    id: 'TR47',
    level: 'advice',
    text: 'Where several machines serve a pool their certificates are of an authority.',
    find: ({ pools }) =>
      pools
        .filter(one => machinesOf(one).length > 1)
        .flatMap(one => [...one.servers, ...(one.nextHop?.servers ?? [])])
        .filter(one => one.certificate.from === 'self-signed')
        .map(({ fqdn, path }) => ({
          path: `${path}/certificate/from`,
          reason: `${fqdn} makes its certificate itself: each browser warns, once for each server.`,
          mend: 'Use files, or authority for a trial with several machines.',
        })),
  },
  {
    id: 'TR48',
    level: 'error',
    text: 'The address that files are downloaded from has a host of its own, and is encrypted where the servers are.',
    find: view => {
      const taken = namesIn(view)
      return view.pools.flatMap(one => downloadFault(one, taken))
    },
  },
  {
    id: 'TR49',
    level: 'error',
    text: 'The domain of passkeys is one that all servers of the pool, its next hop and the servers of that are in.',
    find: ({ pools }) =>
      pools.flatMap(one => {
        const { passkeyDomain } = one.pool
        if (passkeyDomain === undefined) return []
        const names = [...machinesOf(one), ...(one.nextHop ? [one.nextHop.fqdn] : [])]
        const outside = [...new Set(names)].filter(fqdn => !isInDomain(fqdn, passkeyDomain))
        if (outside.length === 0) return []
        return [
          {
            path: `${one.path}/passkeyDomain`,
            reason: `${outside.join(', ')} ${outside.length > 1 ? 'are' : 'is'} not in ${passkeyDomain}: no browser offers a passkey there.`,
            mend: 'Give the domain that all names end in.',
          },
        ]
      }),
  },
  {
    id: 'TR80',
    level: 'error',
    text: 'What is trusted to say who asks is an IP address or a network, and not everybody.',
    find: ({ pools }) =>
      pools.flatMap(({ pool, path }) =>
        (pool.trustedProxies ?? []).flatMap((place, i) =>
          isPlace(place)
            ? []
            : [
                {
                  path: `${path}/trustedProxies/${i}`,
                  reason: `${place} is no address and no network of some: whoever it lets through could say he is anybody.`,
                  mend: 'Give the address of the load balancer, such as 10.0.0.7, or its network, such as 10.0.0.0/28.',
                },
              ],
        ),
      ),
  },
]

function isShared(store: PoolView['pool']['fileStore']): boolean {
  return store !== undefined && (store.shared || store.place.startsWith('s3:'))
}

function isBucket(place: string): boolean {
  const url = URL.parse(place)
  if (url === null || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host)) return false
  const names = [...url.searchParams.keys()]
  if (names.some((name, i) => !['endpoint', 'region'].includes(name) || names.indexOf(name) !== i)) return false
  const endpoint = url.searchParams.get('endpoint')
  return endpoint === null || isEndpoint(URL.parse(endpoint))
}

function isEndpoint(url: URL | null): boolean {
  return (
    url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === ''
  )
}

/** Every name and address that people, servers or programs come to something else by. */
function namesIn(view: View): Set<string> {
  return new Set([
    ...view.topology.enterprisePools.map(({ fqdn }) => fqdn),
    ...view.pools.map(({ pool }) => pool.fqdn),
    ...allMachines(view).flatMap(one => [one.fqdn, plainHost(listenOf(one))]),
  ])
}

function downloadFault({ pool, path, servers, nextHop }: PoolView, taken: Set<string>) {
  const { downloadUrl } = pool
  if (downloadUrl === undefined) return []
  const at = `${path}/downloadUrl`
  const url = URL.parse(downloadUrl)
  if (url === null || url.href !== `${url.origin}/`)
    return [
      {
        path: at,
        reason: `${downloadUrl} is no address of a host.`,
        mend: 'Give one with nothing behind its host, such as https://files.example.net.',
      },
    ]
  const all = [...servers, ...(nextHop?.servers ?? [])]
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '')
  if (taken.has(plainHost(host)))
    return [
      {
        path: at,
        reason: `${host} is a pool or a server, and a file that came from there could act for who signs in.`,
        mend: 'Give it a name of its own, such as https://files.example.net.',
      },
    ]
  if (url.protocol === 'https:' || !all.some(one => urlOf(one, pool.port).startsWith('https:'))) return []
  return [
    {
      path: at,
      reason: 'It is not encrypted and the servers are, so that no page of theirs shows a picture from there.',
      mend: 'Give an address that begins with https.',
    },
  ]
}
