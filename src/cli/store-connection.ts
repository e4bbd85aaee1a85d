/** At most so many to the store, of each process that serves. */
export const storeConnections = 16
/** Of administrators, of the verbs of pchat, and of PostgreSQL itself. */
const otherConnections = 28

/** How many a database must take that serves so many processes. */
export function connectionsFor(processes: number): number {
  // Those of a worker that was killed are still there when its successor comes.
  return otherConnections + 2 * storeConnections * processes
}
