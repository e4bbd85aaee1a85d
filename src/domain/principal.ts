import { Refusal } from '../protocol/error.ts'
import { uuidPattern } from '../protocol/ids.ts'
import type { PrincipalKind } from '../protocol/principal.ts'
import { checkedName, codePoints } from './name.ts'

const uuid = new RegExp(uuidPattern)

/** An acceptable name of a principal: users are account@domain, domains have no @, nobody is called like an id. */
export function checkedPrincipalName(kind: PrincipalKind, name: string): string {
  const clean = checkedName('name', name)
  if (kind === 'user' && !/^\S+@[^\s@]+$/u.test(clean))
    throw new Refusal('invalid_argument', 'name of a user is account@domain without spaces, such as alice@example.com.')
  if (kind === 'domain' && /[\s@]/u.test(clean))
    throw new Refusal('invalid_argument', 'name of a domain has neither spaces nor @, such as example.com.')
  if (uuid.test(clean)) throw new Refusal('invalid_argument', 'name reads like an id. Choose another one.')
  return clean
}

/** The domain of a user's name: what stands after the last @. */
export function domainOf(userName: string): string {
  return userName.slice(userName.lastIndexOf('@') + 1)
}

/** A name typed at sign-in: without an @ it is one of the pool's own domain. */
export function withDomain(name: string, domain: string): string {
  const clean = name.trim()
  return clean.includes('@') || domain === '' ? clean : `${clean}@${domain}`
}

const minPassword = 8
/** Hashing reads all of it: more only costs. */
const maxPassword = 1024

export function checkedPassword(what: string, password: string): string {
  const length = codePoints(password)
  if (length < minPassword || length > maxPassword)
    throw new Refusal(
      'invalid_argument',
      `${what} has ${length} characters. Choose one of ${minPassword} to ${maxPassword}.`,
    )
  return password
}

/** Null for the empty string: no address. */
export function checkedEmail(email: string): string | null {
  if (email.trim() === '') return null
  const clean = checkedName('email', email)
  if (!/^\S+@\S+$/u.test(clean))
    throw new Refusal(
      'invalid_argument',
      'email is no e-mail address. Write it like alice@example.com, or leave it empty.',
    )
  return clean
}
