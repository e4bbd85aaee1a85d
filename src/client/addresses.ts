export function webSocketUrl(server: string): string {
  const url = new URL(server)
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:'
  url.pathname = `${url.pathname.replace(/\/$/, '')}/ws`
  return url.href
}

/**
 * The addresses to try, the given one first. Other servers of the pool count only where they can be reached and will know
 * the caller: as safe as the first, and without a token on the same host, since a cookie goes nowhere else.
 */
export function poolAddresses(home: string, servers: readonly string[], hasToken: boolean): string[] {
  const first = new URL(home)
  const others = servers.filter(server => {
    const url = URL.parse(server)
    return url !== null && url.protocol === first.protocol && (hasToken || url.hostname === first.hostname)
  })
  return [...new Set([home, ...others])]
}
