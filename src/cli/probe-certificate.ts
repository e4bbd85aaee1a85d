import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { fault, ok, type Seen, warning } from './doctor-check.ts'

const dayMs = 86_400_000

export function seeValidity(certificate: X509Certificate): Seen {
  const endsAt = Date.parse(certificate.validTo)
  const beginsAt = Date.parse(certificate.validFrom)
  const days = Math.floor((endsAt - Date.now()) / dayMs)
  const found = `until ${new Date(endsAt).toISOString().slice(0, 10)}, ${days} days`
  const mend = 'Put the renewed certificate in place and start the server again.'
  if (beginsAt > Date.now()) return fault(`valid only from ${new Date(beginsAt).toISOString()}`, 'valid now', mend)
  if (endsAt < Date.now()) return fault(`ended ${new Date(endsAt).toISOString()}`, 'valid now', mend)
  return days < 14 ? warning(found, 'valid for 14 days or more', mend) : ok(found, 'valid for 14 days or more')
}

export function seeNames(certificate: X509Certificate, host: string): Seen {
  const names = certificate.subjectAltName ?? certificate.subject
  if (/^(0\.0\.0\.0|::)$/.test(host)) return ok(names, 'the name that clients use (--url says which)')
  const covers = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)
  if (covers !== undefined) return ok(names, host)
  return fault(names, host, `Use a certificate for ${host}, or say --url with the name that it has.`)
}
