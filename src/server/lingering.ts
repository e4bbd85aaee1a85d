/**
 * People who leave a room a while after they went, unless they are back. Whoever begins gets a ticket, and is asked for by it
 * when his time is over: nothing has to be taken out for those who came back. A dead server leaves hundreds of thousands,
 * so there is one timer, and no object for each.
 */
export type Lingering = {
  begin(room: string, person: number): number
  stop(): void
}

/** Ended in one turn of the event loop, so that others get their turn. */
const sliceSize = 2_000
/** Those that are over go when they are so many, and half of all. */
const minOver = 4_096

export function openLingering(
  lingerMs: number,
  over: (room: string, person: number, ticket: number) => void,
): Lingering {
  // In the order of ending, since all wait equally long.
  let rooms: string[] = []
  let people: number[] = []
  let ends: number[] = []
  /** The first that waits, and the ticket of the first one in the columns. */
  let next = 0
  let firstTicket = 1
  let timer: NodeJS.Timeout | undefined

  function arm(ms: number) {
    timer ??= setTimeout(run, ms).unref()
  }

  function run() {
    timer = undefined
    for (let left = sliceSize; next < rooms.length; left -= 1) {
      const restMs = ends[next]! - performance.now()
      // Timers may come a part of a millisecond early.
      if (restMs >= 1) return arm(Math.ceil(restMs))
      if (left === 0) return arm(1)
      next += 1
      over(rooms[next - 1]!, people[next - 1]!, firstTicket + next - 1)
      shorten()
    }
  }

  function shorten() {
    if (next < rooms.length && (next < minOver || next * 2 < rooms.length)) return
    rooms = rooms.slice(next)
    people = people.slice(next)
    ends = ends.slice(next)
    firstTicket += next
    next = 0
  }

  return {
    begin(room, person) {
      rooms.push(room)
      people.push(person)
      ends.push(performance.now() + lingerMs)
      arm(lingerMs)
      return firstTicket + rooms.length - 1
    },
    stop() {
      clearTimeout(timer)
      next = rooms.length
      shorten()
    },
  }
}
