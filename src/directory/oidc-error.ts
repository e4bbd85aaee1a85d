import * as openid from 'openid-client'
import { OidcDenied, OidcWrong } from './oidc-fault.ts'
import { SourceAway } from './source.ts'

/** Errors of the libraries as ours. Apart from the faults themselves, so that who only knows those does not load the libraries. */

/** Its own words for "not now". */
const notNow = ['temporarily_unavailable', 'server_error', 'slow_down']
/** They are about this server's registration, not about the user: he is not to pay for it. */
const ofClient = ['invalid_client', 'unauthorized_client']

/** Error codes of OAuth are ASCII without quotes; whatever else came is not worth repeating. */
function codeOf(text: unknown): string {
  return typeof text === 'string' && /^[\w.-]{1,60}$/.test(text) ? text : 'an unreadable error'
}

function reasonOf(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string; cause?: unknown }
  const inner = cause instanceof Error ? `: ${cause.message}` : ''
  return `${message}${inner}${code === undefined ? '' : ` (${code})`}`
}

const badAnswers = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_PARSE_ERROR',
  'OAUTH_UNSUPPORTED_OPERATION',
])

/** Codes of jose that are about the token, not about fetching the keys. */
const badTokens = /^ERR_(JWT|JWS|JWK|JOSE_ALG|JOSE_NOT|JWKS_NO|JWKS_MULTIPLE)_/

/** An error of the libraries as one of ours: SourceAway, OidcDenied or OidcWrong; what is none of theirs is thrown on as it is. */
export function oidcFault(error: unknown, name: string): Error {
  if (error instanceof SourceAway || error instanceof OidcDenied || error instanceof OidcWrong) return error
  if (error instanceof openid.ResponseBodyError || error instanceof openid.AuthorizationResponseError) {
    const code = codeOf(error.error)
    const status = error instanceof openid.ResponseBodyError ? error.status : 400
    if (notNow.includes(code) || status >= 500 || status === 429)
      return new SourceAway(`The provider ${name} answers ${status}, ${code}.`, { cause: error })
    if (ofClient.includes(code))
      return new SourceAway(
        `The provider ${name} does not take this server's registration (${code}). Check clientId and clientSecret.`,
        { cause: error },
      )
    return new OidcDenied(code, code === 'invalid_grant')
  }
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && (badAnswers.has(code) || badTokens.test(code)))
    return new OidcWrong(reasonOf(error), { cause: error })
  return new SourceAway(`The provider ${name} cannot be asked: ${reasonOf(error)}.`, { cause: error })
}
