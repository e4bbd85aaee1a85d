import { createStore } from './store.ts'

/**
 * The room whose newest lines are in sight of its reader. What comes there is read as it comes: counting it for the moment
 * until the server has heard of it would make the list flicker.
 */
export const readingNow = createStore<string | undefined>(undefined)
