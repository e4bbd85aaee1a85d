const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  // Of another authority that has the same name.
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
])

export type CertificateFault = 'authority' | 'time' | 'name'

/** What is wrong with the certificate of the other side, by the code of an error; undefined where it is something else. */
export function certificateFault(code: unknown): CertificateFault | undefined {
  const text = String(code)
  if (untrusted.has(text)) return 'authority'
  if (text === 'CERT_HAS_EXPIRED' || text === 'CERT_NOT_YET_VALID') return 'time'
  return text === 'ERR_TLS_CERT_ALTNAME_INVALID' ? 'name' : undefined
}

const words: Record<CertificateFault, string> = {
  authority: 'shows a certificate of an authority that is not trusted here',
  time: 'shows a certificate that is not valid now',
  name: 'shows a certificate that is made for another name',
}

/** The same as the rest of a sentence that begins with who shows it. */
export function certificateWords(code: unknown): string | undefined {
  const fault = certificateFault(code)
  return fault && `${words[fault]} (${code})`
}
