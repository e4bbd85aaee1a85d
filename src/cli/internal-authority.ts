import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { dirname, join } from 'node:path'
import { syncFolder } from '../base/sync-folder.ts'
import { lockFile } from './data-folder.ts'
import { writeWhole } from './whole-file.ts'

/** An authority of certificates for trials: whoever reads its key can be any server for those who trust it. */
export type InternalAuthority = { cert: string; key: string }

const dayMs = 86_400_000
const authorityDays = 3_650
/** Browsers refuse longer ones. */
const lifetimeDays = 397

/** Key and certificate in one file, so that the two are there or not there together; and the certificate alone, for all to trust. */
export const authorityFiles = (folder: string) => ({
  pair: join(folder, 'authority.key'),
  cert: join(folder, 'authority.pem'),
})

/** Undefined where there is none yet. Throws where it is not whole, or where others may read its key. */
export async function readInternalAuthority(folder: string): Promise<InternalAuthority | undefined> {
  const { pair } = authorityFiles(folder)
  const handle = await open(pair, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!handle) return undefined
  try {
    const { mode, uid } = await handle.stat()
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.())
      throw new Error(
        `${pair} may be read by others than root: whoever has it can be any server. Move it away to have a new one made, or run chown root:root and chmod 600 on it.`,
      )
    const pem = await handle.readFile('utf8')
    try {
      const cert = new X509Certificate(pem)
      if (cert.checkPrivateKey(createPrivateKey(pem))) return { cert: cert.toString(), key: pem }
    } catch {}
    throw new Error(`${pair} is no authority: it holds no certificate with its key. Move it away, or bring it back.`)
  } finally {
    await handle.close()
  }
}

/** Made once, also where several machines that share the folder begin at the same moment. */
export async function keepInternalAuthority(folder: string): Promise<InternalAuthority> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await syncFolder(dirname(folder))
  const { pair, cert } = authorityFiles(folder)
  const lock = await open(join(folder, 'authority.lock'), 'a', 0o600)
  try {
    if (!(await lockFile(lock, 30))) throw new Error(`Another bootstrapper has ${folder}. Try again.`)
    const kept = await readInternalAuthority(folder)
    const made = kept ?? (await makeAuthority())
    if (!kept) await writeWhole(pair, `${made.key}${made.cert}`, 0o600)
    if ((await readFile(cert, 'utf8').catch(() => '')) !== made.cert) await writeWhole(cert, made.cert, 0o644)
    return made
  } finally {
    await lock.close()
  }
}

export type PrivateKey = { privateKey: string; publicKey: string }

export function newKey(): PrivateKey {
  return toPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

export function toPem(key: KeyObject): PrivateKey {
  const pem = (one: KeyObject, type: 'pkcs8' | 'spki') => one.export({ type: type as 'spki', format: 'pem' }).toString()
  return { privateKey: pem(key, 'pkcs8'), publicKey: pem(createPublicKey(key), 'spki') }
}

async function makeAuthority(): Promise<InternalAuthority> {
  const keyPair = newKey()
  const cert = await sign('Persistent Chat internal authority', authorityDays, keyPair, undefined, [
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ])
  return { cert: new X509Certificate(cert).toString(), key: keyPair.privateKey }
}

/** A certificate of a server, for its own key. */
export function issueCertificate(
  authority: InternalAuthority,
  names: string[],
  keyPair: PrivateKey,
  days = lifetimeDays,
): Promise<string> {
  const altNames = names.map(name => (isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name }))
  return sign(names[0]!, days, keyPair, authority, [
    { name: 'basicConstraints', cA: false },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames },
  ])
}

type Extensions = NonNullable<NonNullable<Parameters<typeof import('selfsigned').generate>[1]>['extensions']>

async function sign(
  name: string,
  days: number,
  keyPair: PrivateKey,
  ca: InternalAuthority | undefined,
  extensions: Extensions,
): Promise<string> {
  // 20 MB, for once in many months.
  const { generate } = await import('selfsigned')
  const made = await generate([{ name: 'commonName', value: name.slice(0, 64) }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    keyPair,
    ...(ca
      ? { ca: { cert: ca.cert, key: createPrivateKey(ca.key).export({ type: 'pkcs8', format: 'pem' }).toString() } }
      : {}),
    // A clock that runs a little behind still takes it.
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + (days - 1) * dayMs),
    extensions,
  })
  return made.cert
}
