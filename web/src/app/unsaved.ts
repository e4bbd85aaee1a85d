import type { FormState } from './room-form-state.ts'
import type { Store } from './store.ts'

/** What somebody has begun to change in rooms and not saved, by room: who looks something up elsewhere finds it again. */
export type Unsaved = Map<string, Store<FormState>>

/**
 * Keeps it while the window is open, of one person: a sign-in that has run out takes nothing from him, but whoever else signs
 * in at this window must not see it.
 */
export function createUnsavedKeeper() {
  let owner: string | undefined
  let rooms: Unsaved = new Map()
  return {
    /** That of this user. Whatever another one had left is gone. */
    of(user: string): Unsaved {
      if (user !== owner) rooms = new Map()
      owner = user
      return rooms
    },
    forget(): void {
      owner = undefined
      rooms = new Map()
    },
  }
}
