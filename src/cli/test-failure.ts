/** What no server said: a rule of the test itself. */
export class TestFailure extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
