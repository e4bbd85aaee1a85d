/** What the record says, in words. What a newer server adds is shown as it is. */
export const methodWords: Record<string, string> = {
  password: 'Password',
  totp: 'Code of the app',
  recovery: 'Recovery code',
  passkey: 'Passkey',
  enrolment: 'Second factor set up',
  'set-up': 'Set-up of the server',
  token: 'Token of a bot',
  oidc: 'Provider',
  ldap: 'Directory',
  'hand-over': 'Another pool',
  device: 'Device, allowed at a browser',
}

export const outcomeWords: Record<string, string> = {
  ok: 'Signed in',
  wrong: 'Refused',
  locked: 'Refused: too many tries',
  'factor required': 'Second factor asked for',
  given: 'Given to another pool',
  'enrolment required': 'Second factor to be set up',
}
