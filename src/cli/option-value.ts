import { isAbsolute, resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { readTrust } from '../base/proxies.ts'
import { parseClamdAddress } from '../files/clamd.ts'
import { splitHosts } from '../store/address.ts'

/** What options of the command line may be: each gives the value, or a sentence about what would be one. */

export function readWholePath(text: string): string {
  if (isAbsolute(text) && !text.split('/').includes('..') && resolve(text) !== '/') return resolve(text)
  throw new InvalidArgumentError('Give the whole path of a folder, such as /srv/compliance.')
}

export function readPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('Give a whole number from 0 to 65535, such as 8080.')
  return Number(text)
}

export function readDatabaseUrl(text: string): string {
  if (!splitHosts(text))
    throw new InvalidArgumentError(
      'Give an address such as postgres://user:password@db.example.com:5432/pchat, several hosts with commas.',
    )
  return text
}

export function readNatsUrl(text: string): string {
  for (const url of text.split(','))
    if (!/^(nats|tls):$/.test(URL.parse(url)?.protocol ?? ''))
      throw new InvalidArgumentError('Give an address such as nats://nats.example.com:4222, several with commas.')
  return text
}

export function readUrl(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('Give an address such as https://chat1.example.com.')
  return text
}

export function readOrigin(text: string): string {
  const url = URL.parse(text)
  if (!/^https?:$/.test(url?.protocol ?? '') || url!.href !== `${url!.origin}/`)
    throw new InvalidArgumentError('Give an address with nothing behind its host, such as https://files.example.net.')
  return url!.origin
}

export function readProxies(text: string): string {
  if (!readTrust(text))
    throw new InvalidArgumentError('Give addresses or networks such as 10.0.0.7,10.1.0.0/16, with commas.')
  return text
}

/** Goes into subjects of NATS, and onto screens. */
export function readName(text: string): string {
  if (!/^[\w-]+(\.[\w-]+)*$/.test(text) || text.length > 253)
    throw new InvalidArgumentError('Give a name of letters, digits, - and _, such as chat1.example.com.')
  return text
}

export function readWorkers(text: string): number {
  if (!/^\d{1,2}$/.test(text) || Number(text) < 1 || Number(text) > 64)
    throw new InvalidArgumentError('Give a whole number from 1 to 64.')
  return Number(text)
}

export function readClamd(text: string): string {
  if (!parseClamdAddress(text))
    throw new InvalidArgumentError('Give host and port, such as localhost:3310, or the path of its socket.')
  return text
}

export function readDomain(text: string): string {
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  if (text.length > 253 || !new RegExp(`^${label}(\\.${label})*$`, 'i').test(text))
    throw new InvalidArgumentError('Give a domain name such as example.com.')
  return text.toLowerCase()
}
