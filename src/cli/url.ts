import { isIPv6 } from 'node:net'

/** What a browser on this machine or another is told to open. */
export function urlOf({ host, port, tls }: { host: string; port: number; tls?: object | undefined }): string {
  const name = /^(127\.0\.0\.1|::1|localhost)$/.test(host) ? 'localhost' : isIPv6(host) ? `[${host}]` : host
  return `${tls ? 'https' : 'http'}://${name}:${port}`
}
