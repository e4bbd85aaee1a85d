import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import proxyAddr from '@fastify/proxy-addr'

/** Whether who connects from this address says in X-Forwarded-For for whom it asks. */
export type Trust = (address: string, hop: number) => boolean

/**
 * What addresses and networks with commas in between mean, such as `10.0.0.7,fd00:1::/32`; undefined where one of them is none, or is
 * too many to be some: what anybody may say of himself is nothing to count by.
 */
export function readTrust(text: string): Trust | undefined {
  const places = text.split(',').map(one => one.trim())
  return places.every(isPlace) ? proxyAddr.compile(places) : undefined
}

/** An address, or a network in the form address/bits. */
export function isPlace(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const kind = isIP(address)
  if (kind === 0 || address.includes('%') || more.length > 0) return false
  if (bits === undefined) return true
  if (!/^[1-9]\d{0,2}$/.test(bits)) return false
  const [least, most] = kind === 4 ? [8, 32] : isOfFour(address) ? [104, 128] : [16, 128]
  return Number(bits) >= least && Number(bits) <= most
}

/** Begins as IPv4 addresses do that are written as such of IPv6: a network of it may hold all of them. */
function isOfFour(address: string): boolean {
  return URL.parse(`http://[${address}]`)?.hostname.startsWith('[::') === true
}

/** Address of who asks: of the connection, or what the proxies that are trusted say. Undefined where that is no address. */
export function addressOf(request: IncomingMessage, trust: Trust | undefined): string | undefined {
  const address = trust ? proxyAddr(request, trust) : (request.socket.remoteAddress ?? '')
  return trust && isIP(address) === 0 ? undefined : address
}
