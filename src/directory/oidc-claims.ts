import type { OidcProvider } from './oidc-config.ts'

/** Who somebody is, as a provider's claims say. Texts are as they came: chat checks them. */
export type OidcIdentity = {
  /** The provider's own id, which outlives renames. */
  subject: string
  userName: string | undefined
  displayName: string | undefined
  email: string | undefined
  /** Undefined: the provider was not asked for groups, or did not tell them. Empty: he is in none. */
  groups: string[] | undefined
}

export type Claims = Record<string, unknown>
export type ClaimsAt = 'sign-in' | 'renewal'

/** More than that is no directory but a mistake, or an attack on whoever reads it. */
const maxGroups = 1_000
const maxText = 1_000

/** A claim by its name or, where there is none such, by a path such as realm_access.roles. */
function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Claims)[step]
  }
  return value
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxText ? value.trim() : undefined
}

/**
 * Groups that are too many for a token are named by reference only (`_claim_names`): then they were not told. A claim that is not
 * there means none at a sign-in, since providers leave out what is empty; at a renewal, where many give no ID token and userinfo has
 * less, it says nothing.
 */
function groupsOf(claims: Claims, name: string | undefined, at: ClaimsAt): string[] | undefined {
  if (name === undefined) return undefined
  const value = claimOf(claims, name)
  const elsewhere = claims._claim_names
  if (value === undefined && at === 'renewal') return undefined
  if (value === undefined && typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, name))
    return undefined
  const all = Array.isArray(value) ? value : [value]
  const named = all.map(textOf).filter(group => group !== undefined)
  return [...new Set(named)].slice(0, maxGroups)
}

/** Who the claims of `subject` are of, by the configuration. */
export function readIdentity(
  { claims: names = {} }: OidcProvider,
  subject: string,
  claims: Claims,
  at: ClaimsAt,
): OidcIdentity {
  const userName = names.userName ?? 'preferred_username'
  // Whoever may write any address into his account must not become its owner here.
  const proof = claims.email_verified
  const isUnproven = userName === 'email' && proof !== undefined && proof !== true && proof !== 'true'
  return {
    subject,
    userName: isUnproven ? undefined : textOf(claimOf(claims, userName)),
    displayName: textOf(claimOf(claims, names.displayName ?? 'name')),
    email: textOf(claimOf(claims, names.email ?? 'email')),
    groups: groupsOf(claims, names.groups, at),
  }
}

/** Whether these claims lack something that the configuration asks for, so that the provider's userinfo is worth asking. */
export function lacksClaims({ claims: names = {} }: OidcProvider, claims: Claims): boolean {
  const wanted = [
    names.userName ?? 'preferred_username',
    names.displayName ?? 'name',
    names.email ?? 'email',
    ...(names.groups === undefined ? [] : [names.groups]),
  ]
  return wanted.some(name => claimOf(claims, name) === undefined)
}
