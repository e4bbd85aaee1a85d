/** A pool of the organisation, as a server is told of it. */
export type PoolPlace = {
  /** What it is called on the bus and in options; each has a name of its own. */
  name: string
  /** What people tell it from others by. */
  displayName: string
  /** Where browsers and programs reach it, without a slash at its end. */
  url: string
  /** At this server's site it is the one that rooms are created and managed in. */
  default?: boolean | undefined
}

/** What a server knows of the pools beside its own. */
export type PoolsKnown = {
  /** All of them, this one among them. Looked at each time: it may change while the server runs. */
  list: () => PoolPlace[]
  /** Sign what is handed over: the newest one, and all of them are taken. None: nothing is handed over. */
  keys: Uint8Array[]
}
