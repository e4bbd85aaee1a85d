/**
 * Tells requests to the host of `url` from all others by their Host header: by the name alone, since a proxy in front may listen on
 * another port. Without a url nothing is of it.
 */
export function openHostTest(url: string | undefined): (header: string | undefined) => boolean {
  const ours = url === undefined ? undefined : nameOf(URL.parse(url))
  return header => ours !== undefined && nameOf(URL.parse(`http://${header ?? ''}`)) === ours
}

/** A dot at the end makes no other host of it. */
function nameOf(url: URL | null): string | undefined {
  return url?.hostname.replace(/\.$/, '')
}

/** Whether two addresses name one host, on whichever ports. */
export function isOneHost(one: string, other: string): boolean {
  const name = nameOf(URL.parse(one))
  return name !== undefined && name === nameOf(URL.parse(other))
}

/** Whether a host is that domain or lies below it. */
export function isInDomain(host: string, domain: string): boolean {
  return `.${host}`.endsWith(`.${domain}`)
}
