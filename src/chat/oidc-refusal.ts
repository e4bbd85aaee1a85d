import type { OidcClient } from '../directory/oidc.ts'
import { OidcDenied, OidcWrong } from '../directory/oidc-fault.ts'
import { SourceAway } from '../directory/source.ts'
import { Refusal } from '../protocol/error.ts'
import type { Chat } from './chat.ts'

const retryAfterMs = 5_000

/** What a person is told of a fault of his provider: our sentence, never the provider's words, which go to the log. */
export function oidcRefusal(chat: Chat, { provider }: OidcClient, error: unknown): unknown {
  const { name, title } = provider
  if (error instanceof SourceAway) {
    chat.log.warn({ provider: name, reason: error.message }, 'an OpenID provider cannot be asked')
    return new Refusal('unavailable', `${title} does not answer now. Try again in a moment, or sign in another way.`, {
      retryAfterMs,
    })
  }
  if (error instanceof OidcWrong) {
    chat.log.warn({ provider: name, reason: error.message }, 'what an OpenID provider sent does not hold')
    return new Refusal(
      'unauthenticated',
      `What ${title} answered is not valid here. Begin again, or tell your administrator.`,
    )
  }
  if (error instanceof OidcDenied) {
    chat.log.info({ provider: name, error: error.error }, 'an OpenID provider refuses a sign-in')
    return error.ended
      ? new Refusal('unauthenticated', 'This sign-in was used already, or took too long. Begin again.')
      : new Refusal('forbidden', `${title} did not let you sign in here. Begin again, or ask who manages it.`)
  }
  return error
}
