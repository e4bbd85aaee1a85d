import { BlockList, isIP } from 'node:net'

function plain(address: string): string {
  const withoutZone = address.split('%')[0]!
  return withoutZone.toLowerCase().startsWith('::ffff:') && isIP(withoutZone.slice(7)) === 4
    ? withoutZone.slice(7)
    : withoutZone
}

/** The first four groups of an IPv6 address. */
function prefix64(address: string): string {
  const [head = '', tail] = address.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  const groups = tail === undefined ? first : [...first, ...zeros, ...last]
  return groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}

/** What limits count by: an IPv4 address, or the /64 of an IPv6 one, all of which one machine may use. */
export function addressKey(address: string): string {
  const clean = plain(address)
  return isIP(clean) === 6 ? `${prefix64(clean)}::/64` : clean
}

/** Answers whether an address is in one of the networks: addresses or CIDR ranges. Throws RangeError for anything else. */
export function openNetworks(networks: string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) addNetwork(list, network)
  return address => {
    const clean = plain(address)
    const version = isIP(clean)
    return version !== 0 && list.check(clean, version === 4 ? 'ipv4' : 'ipv6')
  }
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', bits, ...rest] = network.trim().split('/')
  const version = isIP(address)
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const most = version === 4 ? 32 : 128
  const count = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (version === 0 || rest.length > 0 || !(count <= most))
    throw new RangeError(`"${network}" is neither an address nor a range such as 10.0.0.0/8`)
  list.addSubnet(address, count, family)
}
