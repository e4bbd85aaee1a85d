import * as jose from 'jose'
import { OidcWrong } from './oidc-fault.ts'

/**
 * The only algorithms that are taken: those with a key pair. With `none` anybody, and with HS256 and the public key as its secret
 * whoever read that key, would sign for the provider.
 */
const tokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** A token that was issued longer ago is a replay, or our clock or theirs is wrong. */
const maxAgeSeconds = 600
/** OpenID Connect allows 255 characters of ASCII. */
const maxSubject = 255
const maxToken = 100_000
const backchannelEvent = 'http://schemas.openid.net/event/backchannel-logout'

export type TokenCheck = { keys: jose.RemoteJWKSet; issuer: string; clientId: string; skewSeconds: number }

/** Signature, algorithm, issuer, audience and times. Throws errors of jose, or OidcWrong. */
async function verify(token: string, { keys, issuer, clientId, skewSeconds }: TokenCheck, typ: RegExp) {
  if (token.length > maxToken) throw new OidcWrong('the token is too long')
  const options = {
    algorithms: tokenAlgorithms,
    issuer,
    audience: clientId,
    clockTolerance: skewSeconds,
    // Also refuses what is issued in the future, and what does not say when.
    maxTokenAge: maxAgeSeconds,
  }
  const { payload, protectedHeader } = await verifyByAny(token, keys, options)
  if (protectedHeader.typ !== undefined && !typ.test(protectedHeader.typ))
    throw new OidcWrong(`the token is a ${protectedHeader.typ.slice(0, 60)}`)
  return payload
}

/** A token that does not say which key it was signed with may fit any of several. */
async function verifyByAny(token: string, keys: jose.RemoteJWKSet, options: jose.JWTVerifyOptions) {
  try {
    return await jose.jwtVerify(token, keys, options)
  } catch (error) {
    if (!(error instanceof jose.errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        return await jose.jwtVerify(token, key, options)
      } catch (next) {
        if (!(next instanceof jose.errors.JWSSignatureVerificationFailed)) throw next
      }
    }
    throw new OidcWrong('no key of the provider fits the signature')
  }
}

/** What the store can keep and compare as it came. */
function isId(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > maxSubject) return false
  return value.isWellFormed() && !/\p{Cc}/u.test(value)
}

function subjectOf({ sub }: jose.JWTPayload): string {
  if (!isId(sub)) throw new OidcWrong('the token names no subject')
  return sub
}

function sidOf({ sid }: jose.JWTPayload): string | undefined {
  if (sid === undefined) return undefined
  if (!isId(sid)) throw new OidcWrong('sid of the token is no session')
  return sid
}

/** An ID token of a sign-in (with its nonce) or of a renewal (`nonce` undefined). */
export async function verifyIdToken(token: string, check: TokenCheck, nonce: string | undefined) {
  const payload = await verify(token, check, /^(application\/)?jwt$/i)
  if (payload.exp === undefined) throw new OidcWrong('the token does not say when it ends')
  const { azp, aud } = payload
  // Issued to somebody else, who may show it to us: even where we are among its audience.
  if (azp !== undefined && azp !== check.clientId) throw new OidcWrong('azp of the token is another client')
  if (Array.isArray(aud) && aud.length > 1 && azp === undefined)
    throw new OidcWrong('the token is for several, and does not say to whom it was issued')
  if (nonce !== undefined && payload.nonce !== nonce) throw new OidcWrong('nonce of the token is not the one we sent')
  if (payload.events !== undefined) throw new OidcWrong('the token is a logout token')
  return { subject: subjectOf(payload), sid: sidOf(payload), claims: payload as Record<string, unknown> }
}

/** A back-channel logout: whose sessions end, by the provider's session or by the user. */
export type OidcLogout = { subject: string | undefined; sid: string | undefined; jti: string; forgetAt: Date }

/** OpenID Connect Back-Channel Logout 1.0, section 2.6, but for the replay, which the store knows. */
export async function verifyLogoutToken(token: string, check: TokenCheck): Promise<OidcLogout> {
  const payload = await verify(token, check, /^(application\/)?(jwt|logout\+jwt)$/i)
  const { events, jti, nonce, iat = 0 } = payload
  if (nonce !== undefined) throw new OidcWrong('a logout token has no nonce')
  const told =
    typeof events === 'object' && events !== null ? (events as Record<string, unknown>)[backchannelEvent] : undefined
  if (typeof told !== 'object' || told === null) throw new OidcWrong('the token tells no logout')
  if (!isId(jti)) throw new OidcWrong('the token has no jti')
  const subject = payload.sub === undefined ? undefined : subjectOf(payload)
  const sid = sidOf(payload)
  if (subject === undefined && sid === undefined) throw new OidcWrong('the token names neither a user nor a session')
  const forgetAt = new Date((iat + maxAgeSeconds + 2 * check.skewSeconds) * 1_000)
  return { subject, sid, jti, forgetAt }
}
