function webSocketUrl(server: string): string {
  const url = new URL(server)
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:'
  url.pathname = `${url.pathname.replace(/\/$/, '')}/ws`
  return url.href
}

/** The HTTP address of the same server. */
export function httpUrl(webSocket: string): string {
  const url = new URL(webSocket)
  url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:'
  url.pathname = url.pathname.replace(/\/ws$/, '')
  return url.href.replace(/\/$/, '')
}

/**
 * The addresses to try, the given one first. Other servers of the pool count only where they can be reached and will know
 * the caller: as safe as the first, and without a token on the same host, since a cookie goes nowhere else.
 */
function poolAddresses(home: string, servers: readonly string[], hasToken: boolean): string[] {
  const first = new URL(home)
  const others = servers.filter(server => {
    const url = URL.parse(server)
    return url !== null && url.protocol === first.protocol && (hasToken || url.hostname === first.hostname)
  })
  return [...new Set([home, ...others])]
}

/** Whether what goes there can be read on its way: neither encrypted nor to this very machine. */
export function isInTheClear(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return !/^(https|wss):$/.test(protocol) && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

/** What a sign-in or a server says of its pool. */
export type PoolAddresses = { servers: readonly string[]; webServices?: readonly string[] | undefined }

/** Where to connect: one address at a time, and another one when it fails. */
export class Addresses {
  readonly #home: string
  readonly #random: () => number
  #all: string[]
  /** Who failed or sent us away, and until when. */
  readonly #freeAt = new Map<string, number>()
  /** Where people sign in, where that is not where sessions are; the one in use first. */
  #web: string[] | undefined
  /** The given address is of a server that takes sessions. */
  #isHomeLive = false
  current: string

  constructor(url: string, random: () => number) {
    this.#home = webSocketUrl(url)
    this.#random = random
    this.#all = [this.#home]
    this.current = this.#home
  }

  /** Whether there is another one to go to. */
  get hasOthers(): boolean {
    return this.#all.some(address => address !== this.current)
  }

  /** Whether sign-in and sessions are at different servers. */
  get isApart(): boolean {
    return this.#web !== undefined
  }

  /** Where to sign in, over HTTP. */
  get web(): string {
    return this.#web?.[0] ?? httpUrl(this.current)
  }

  /** Nobody answers there: the next time it is another one. */
  webFailed(): void {
    const [first, ...others] = this.#web ?? []
    if (first !== undefined) this.#web = [...others, first]
  }

  /** The servers that the pool has now: others are forgotten. The one in use stays in use until it fails. */
  learn({ servers, webServices }: PoolAddresses, hasToken: boolean): void {
    const all = poolAddresses(this.#home, servers, hasToken)
    // The given address was one of web services, unless the pool says that sessions are there.
    const others = all.filter(address => servers.includes(address))
    const isApart = webServices !== undefined && others.length > 0
    this.#all = isApart ? others : all
    this.#isHomeLive ||= servers.includes(this.#home)
    if (webServices !== undefined) this.#learnWeb(webServices)
    for (const address of this.#freeAt.keys()) if (!this.#all.includes(address)) this.#freeAt.delete(address)
  }

  /**
   * Keeps the order, in which those that failed are last; the given address comes in first. Passwords and tokens go there: only where it
   * is as safe as the given one.
   */
  #learnWeb(webServices: readonly string[]): void {
    const given = httpUrl(this.#home)
    const safe = webServices.filter(address => URL.parse(address)?.protocol === new URL(given).protocol)
    const now = [...new Set([...(this.#isHomeLive ? [] : [given]), ...safe])]
    if (now.length === 0) return
    const kept = (this.#web ?? []).filter(address => now.includes(address))
    this.#web = [...kept, ...now.filter(address => !kept.includes(address))]
  }

  /** Any of the servers that the pool named, so that its users spread over them. The first address may be one for all of them. */
  spread(servers: readonly string[]): void {
    const named = this.#all.filter(address => servers.includes(address))
    if (named.length > 1 || (this.isApart && named.length > 0)) this.current = this.#pick(named)
  }

  /** Goes to one that the pool has, where the current one is none of them. */
  settle(): void {
    if (!this.#all.includes(this.current)) this.current = this.#pick(this.#all)
  }

  /** It works: nothing is held against it any more. */
  reached(): void {
    this.#freeAt.delete(this.current)
  }

  /**
   * Goes to who is free the longest, never failed or else failed the longest ago; the current one is free in `ms`. Answers how
   * long it is until then.
   */
  moveOn(ms: number): number {
    const now = Date.now()
    this.#freeAt.set(this.current, now + ms)
    const freeAt = (address: string) => this.#freeAt.get(address) ?? 0
    const first = Math.min(...this.#all.map(freeAt))
    this.current = this.#pick(this.#all.filter(address => freeAt(address) === first))
    return Math.max(0, first - now)
  }

  #pick(some: string[]): string {
    return some[Math.floor(this.#random() * some.length)] ?? this.#home
  }
}
