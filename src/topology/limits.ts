/** Published figures of the original (F1.3), and where a figure is ours, why. */

export const maxActiveServers = 4
export const maxServers = 8
export const usersPerServer = 20_000
/** Of a pool, and of all pools together. */
export const usersOfAll = 80_000
export const enabledUsers = 150_000
export const endpointsOfAll = 120_000
/** What a server was to bear for a while when one of four fails. */
export const usersPerSurvivor = 30_000
export const endpointsPerUser = 1.5
/** Ours: server, store and archive share one machine there. The original called it limited (2013), and named 20,000 later. */
export const usersOnStandardEdition = 5_000
/** Ours: a process may hold 20,000 open files on an ordinary system, and needs some for itself. */
export const endpointsPerProcess = 19_800
