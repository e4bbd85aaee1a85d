import { isIP } from 'node:net'

/**
 * An IP address in the one form of it: `fd00:0:0::1` is `fd00::1`, and what IPv6 says of IPv4 (`::ffff:10.0.0.1`) is that. Undefined for
 * what is none.
 */
export function plainIp(text: string): string | undefined {
  if (isIP(text) === 4) return text
  if (isIP(text) !== 6 || text.includes('%')) return undefined
  const plain = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain)
  if (!mapped) return plain
  return mapped
    .slice(1)
    .flatMap(half => [Number.parseInt(half, 16) >> 8, Number.parseInt(half, 16) & 255])
    .join('.')
}

/** A name, or an IP address in the one form of it. */
export function plainHost(text: string): string {
  return plainIp(text) ?? text
}

/** Reached from the machine itself only. */
export function isLoopback(host: string): boolean {
  const plain = plainHost(host)
  return /(^|\.)localhost$/.test(plain) || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** A name that certificates and addresses take for one: no IP address, and nothing that ends in a number. */
export function isName(text: string): boolean {
  return isIP(text) === 0 && URL.parse(`https://${text}`)?.hostname === text
}
