/** What a post was answered with, and on which try of it. */
export type Acknowledgement = { seq: number; at: string; repeated: boolean; attempt: number }

/** One post as its sender knows it, answered or not. */
export type Tried = {
  room: string
  clientId: string
  text: string
  /** The connection over which the first try went, and its place among what was sent over it. */
  connection: number
  place: number
  tries: number
  acknowledged: Acknowledgement[]
}

export type Kept = { seq: number; at: string; clientId: string; text: string }
export type KeptRoom = { room: string; lastSeq: number; messages: Kept[] }
/** What one reader has of a room, in the order in which its copy was put together. */
export type Read = { reader: string; room: string; messages: Kept[] }

/** At most this many faults are told: the first ones explain the rest. */
const maxFaults = 20

/** Every way in which what was acknowledged, what is kept and what was read do not fit. Empty where all is well. */
export function findFaults(tried: Tried[], rooms: KeptRoom[], reads: Read[]): string[] {
  const faults: string[] = []
  const posts = new Map(tried.map(post => [post.clientId, post]))
  for (const room of rooms) faults.push(...faultsOfRoom(room, posts))
  const kept = new Map(rooms.map(room => [room.room, new Map(room.messages.map(one => [one.seq, one]))]))
  for (const post of tried) faults.push(...faultsOfPost(post, kept.get(post.room)))
  faults.push(...faultsOfOrder(tried))
  for (const read of reads) {
    const room = rooms.find(one => one.room === read.room)
    faults.push(...(room ? faultsOfRead(read, room) : [`${read.reader} read room ${read.room}, which is not kept`]))
  }
  return faults.slice(0, maxFaults)
}

function faultsOfRoom({ room, lastSeq, messages }: KeptRoom, posts: Map<string, Tried>): string[] {
  const faults: string[] = []
  const clientIds = new Map<string, number>()
  messages.forEach(({ seq, at, clientId, text }, index) => {
    if (seq !== index + 1) faults.push(`room ${room}: ${seq} stands where ${index + 1} should`)
    const before = messages[index - 1]
    if (before && before.at > at) faults.push(`room ${room}: ${seq} is older than ${before.seq}`)
    const twin = clientIds.get(clientId)
    if (twin !== undefined) faults.push(`room ${room}: ${twin} and ${seq} have one client id`)
    clientIds.set(clientId, seq)
    const post = posts.get(clientId)
    if (!post || post.room !== room) faults.push(`room ${room}: nobody posted ${seq}`)
    else if (post.text !== text) faults.push(`room ${room}: ${seq} has another text than was posted`)
  })
  if (lastSeq !== messages.length) faults.push(`room ${room}: lastSeq is ${lastSeq}, messages are ${messages.length}`)
  return faults
}

function faultsOfPost(post: Tried, kept: Map<number, Kept> | undefined): string[] {
  const faults: string[] = []
  const [first] = post.acknowledged
  if (!first) return faults
  const found = kept?.get(first.seq)
  if (!found) faults.push(`post ${post.clientId}: acknowledged as ${first.seq}, and lost`)
  else if (found.clientId !== post.clientId)
    faults.push(`post ${post.clientId}: acknowledged as ${first.seq}, where another one is`)
  else if (found.at !== first.at)
    faults.push(`post ${post.clientId}: acknowledged with ${first.at}, kept with ${found.at}`)
  post.acknowledged.forEach((one, index) => {
    if (one.seq !== first.seq || one.at !== first.at)
      faults.push(`post ${post.clientId}: answered with ${first.seq}, then with ${one.seq}`)
    if (one.repeated && one.attempt === 1) faults.push(`post ${post.clientId}: the first try was called a repeat`)
    if (!one.repeated && index > 0) faults.push(`post ${post.clientId}: a repeat was taken as new`)
  })
  return faults
}

/** Posts that were taken on their first try stand in the order in which their connection sent them. */
function faultsOfOrder(tried: Tried[]): string[] {
  const faults: string[] = []
  const last = new Map<string, Tried>()
  const taken = tried.filter(post => post.acknowledged[0]?.attempt === 1)
  for (const post of taken.sort((a, b) => a.connection - b.connection || a.place - b.place)) {
    const key = `${post.connection}/${post.room}`
    const before = last.get(key)
    if (before && before.acknowledged[0]!.seq >= post.acknowledged[0]!.seq)
      faults.push(`room ${post.room}: ${post.clientId} was sent after ${before.clientId} and stands before it`)
    last.set(key, post)
  }
  return faults
}

function faultsOfRead({ reader, room, messages }: Read, kept: KeptRoom): string[] {
  const faults: string[] = []
  messages.forEach((one, index) => {
    const there = kept.messages[index]
    if (one.seq !== index + 1) faults.push(`${reader} in ${room}: got ${one.seq} where ${index + 1} should come`)
    else if (there && (there.clientId !== one.clientId || there.text !== one.text))
      faults.push(`${reader} in ${room}: got another ${one.seq} than is kept`)
  })
  if (messages.length < kept.lastSeq)
    faults.push(`${reader} in ${room}: has ${messages.length} of ${kept.lastSeq} messages`)
  else if (messages.length > kept.lastSeq)
    faults.push(`${reader} in ${room}: read ${messages.length} messages, kept are ${kept.lastSeq}`)
  return faults
}
