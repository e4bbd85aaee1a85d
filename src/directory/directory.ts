import type { Principal } from '../protocol/principal.ts'

/** Who people are. Implementations get their store functions from chat. */
export type Directory = {
  /** The user whose name and password these are, or undefined. Takes as long for an unknown name as for a wrong password. */
  authenticate(name: string, password: string): Promise<(Principal & { administrator: boolean }) | undefined>
  hashPassword(password: string): Promise<string>
  /** Refusal unavailable, before anything is asked, where so many passwords wait that this one would wait too long. */
  refuseCrowd?(): void
  /** How many passwords wait to be looked at. */
  waiting?(): number
}
