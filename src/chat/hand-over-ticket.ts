import { createHash, hkdfSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose/jwt/sign'
import { jwtVerify } from 'jose/jwt/verify'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { uuidPattern } from '../protocol/ids.ts'
import { isSame } from './token.ts'

/** What one pool tells another of a sign-in: who, how, and until when. Signed, for one pool, for half a minute. */

const lifeSeconds = 30
/** Clocks of two pools may be so far apart; with it nothing counts for longer than a minute. */
const skewSeconds = 30
const kind = 'pchat-hand-over+jwt'
const longest = 4_000

const Claims = Type.Object({
  iss: Type.String({ minLength: 1 }),
  sub: Type.String({ minLength: 1 }),
  jti: Type.String({ pattern: uuidPattern }),
  challenge: Type.String({ pattern: '^[\\w-]{43}$' }),
  source: Type.String(),
  factor: Type.Boolean(),
  since: Type.Integer(),
  until: Type.Union([Type.Integer(), Type.Null()]),
})
const claimsOf = Compile(Claims)

export type HandedOver = {
  id: string
  /** Name of the pool that gives the word. */
  from: string
  account: string
  /** What the account comes from there; empty: it is kept there. */
  source: string
  /** A second factor was shown there. */
  byFactor: boolean
  since: Date
  until: Date | null
}

export type NewHandOver = Omit<HandedOver, 'id'> & {
  to: string
  /** Who shows what this is the hash of is the one that asked. */
  challenge: string
}

/** Whatever else a key file is used for, no signature of that is one of ours. */
function signingKey(key: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', 'pchat hand-over', 32))
}

export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

export function signHandOver(key: Uint8Array, given: NewHandOver, now = Date.now()): Promise<string> {
  const seconds = Math.floor(now / 1000)
  const { challenge, source, byFactor, since, until } = given
  return new SignJWT({
    ...{ challenge, source, factor: byFactor, since: Math.floor(since.getTime() / 1000) },
    until: until && Math.floor(until.getTime() / 1000),
  })
    .setProtectedHeader({ alg: 'HS256', typ: kind })
    .setIssuer(given.from)
    .setAudience(given.to)
    .setSubject(given.account)
    .setJti(randomUUID())
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + lifeSeconds)
    .sign(signingKey(key))
}

/** Undefined where it is none of these keys for this pool and this verifier at this time: whatever is wrong with it, nobody is told. */
export async function readHandOver(
  keys: Uint8Array[],
  ticket: string,
  { to, verifier }: { to: string; verifier: string },
  now = Date.now(),
): Promise<HandedOver | undefined> {
  if (ticket.length > longest || !isCanonical(ticket)) return undefined
  for (const key of keys) {
    const payload = await jwtVerify(ticket, signingKey(key), {
      ...{ algorithms: ['HS256'], typ: kind, audience: to, clockTolerance: skewSeconds, maxTokenAge: lifeSeconds },
      ...{ requiredClaims: ['iss', 'sub', 'jti', 'iat', 'exp'], currentDate: new Date(now) },
    }).then(
      verified => verified.payload,
      () => undefined,
    )
    if (payload) return readClaims(payload, verifier)
  }
  return undefined
}

/** The last letter of a signature holds two bits that nobody reads: with another one there it is still the same to the library. */
function isCanonical(ticket: string): boolean {
  const signature = /^[\w-]+\.[\w-]+\.([\w-]{43})$/.exec(ticket)?.[1]
  return signature !== undefined && Buffer.from(signature, 'base64url').toString('base64url') === signature
}

function readClaims(payload: object, verifier: string): HandedOver | undefined {
  if (!claimsOf.Check(payload)) return undefined
  const claims: Static<typeof Claims> = payload
  if (!isSame(claims.challenge, challengeOf(verifier))) return undefined
  const { jti, iss, sub, source, factor, since, until } = claims
  return {
    ...{ id: jti, from: iss, account: sub, source, byFactor: factor, since: new Date(since * 1000) },
    until: until === null ? null : new Date(until * 1000),
  }
}
