import { categoryEffects } from './cmdlet-categories.ts'
import { contentEffects } from './cmdlet-contents.ts'
import { poolEffects } from './cmdlet-pool.ts'
import { roomEffects } from './cmdlet-rooms.ts'
import type { Effect } from './cmdlet-world.ts'

/** What each option of each verb that stands for a cmdlet does. */
export const effects: Effect[] = [...roomEffects, ...categoryEffects, ...contentEffects, ...poolEffects]
