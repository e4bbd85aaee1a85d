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

/** Where to connect: one address at a time, and another one when it fails. */
export class Addresses {
  readonly #home: string
  readonly #random: () => number
  #all: string[]
  /** Who failed or sent us away, and until when. */
  readonly #freeAt = new Map<string, number>()
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

  /** The servers that the pool has now: others are forgotten. The one in use stays in use until it fails. */
  learn(servers: readonly string[], hasToken: boolean): void {
    this.#all = poolAddresses(this.#home, servers, hasToken)
    for (const address of this.#freeAt.keys()) if (!this.#all.includes(address)) this.#freeAt.delete(address)
  }

  /** Any of the servers that the pool named, so that its users spread over them. The first address may be one for all of them. */
  spread(servers: readonly string[]): void {
    const named = this.#all.filter(address => servers.includes(address))
    if (named.length > 1) this.current = this.#pick(named)
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
