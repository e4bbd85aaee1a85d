import { isIP } from 'node:net'
import { generate } from 'selfsigned'

export type Pair = { cert: string; key: string }

/** An authority of certificates that nobody knew before. */
export type Authority = { cert: string; issue(names: string[], days?: { from: number; to: number }): Promise<Pair> }

const dayMs = 86_400_000
const form = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

export async function makeAuthority(): Promise<Authority> {
  const ca = await generate([{ name: 'commonName', value: 'Test authority' }], {
    ...form,
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + 2 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  return {
    cert: ca.cert,
    async issue(names, { from, to } = { from: -1, to: 1 }) {
      const altNames = names.map(name =>
        isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
      )
      const made = await generate([{ name: 'commonName', value: names[0]! }], {
        ...form,
        ca: { cert: ca.cert, key: ca.private },
        notBeforeDate: new Date(Date.now() + from * dayMs),
        notAfterDate: new Date(Date.now() + to * dayMs),
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'extKeyUsage', serverAuth: true },
          { name: 'subjectAltName', altNames },
        ],
      })
      return { cert: made.cert, key: made.private }
    },
  }
}
