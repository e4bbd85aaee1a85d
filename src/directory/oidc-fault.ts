/** What a provider sent does not hold: a token that is not for us, not from it, not now. The message is for the log. */
export class OidcWrong extends Error {
  override name = 'OidcWrong'
}

/** The provider says no. `ended`: what it gave us before (a code, a refresh token) counts no more. */
export class OidcDenied extends Error {
  override name = 'OidcDenied'
  readonly error: string
  readonly ended: boolean
  constructor(error: string, ended: boolean) {
    super(`the provider answers ${error}`)
    this.error = error
    this.ended = ended
  }
}
