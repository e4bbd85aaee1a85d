import { X509Certificate } from 'node:crypto'
import { constants, open, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { type Owner, writeWhole } from './whole-file.ts'

/** PEM texts. */
export type Certificate = { cert: string; key: string }

const dayMs = 86_400_000
/** Browsers refuse longer ones. */
const lifetimeDays = 397
const renewBeforeDays = 30

/** The operator's own certificate; throws a sentence that names the option to mend. */
export async function readCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  const cert = await readNamed('--tls-cert', certFile)
  const key = await readNamed('--tls-key', keyFile)
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    throw new Error(
      `--tls-cert ${certFile} and --tls-key ${keyFile} are no pair of certificate and key in PEM form: ${(error as Error).message}`,
    )
  }
  return { cert, key }
}

/**
 * The certificate kept in the data folder, made anew where it is missing, near its end or made for other names. It is good for where the
 * server listens, and for the names in the addresses that clients reach it at. With an owner, root keeps it in a folder of theirs, who may
 * put links there.
 */
export async function keepSelfSigned(
  dataDir: string,
  host: string,
  urls: (string | undefined)[] = [],
  owner?: Owner,
): Promise<Certificate> {
  const file = join(dataDir, 'self-signed.pem')
  const named = urls.map(url => url && URL.parse(url)?.hostname.replace(/^\[|\]$/g, ''))
  const usual = ['localhost', '127.0.0.1', '::1', hostname()]
  const more = [host, ...named].filter(name => name && !/^(0\.0\.0\.0|::)$/.test(name)) as string[]
  const names = [...new Set([...usual, ...more])]
  const kept = await readKept(file, owner !== undefined)
  const isKept = kept !== undefined && isGood(kept.pem, names)
  if (isKept && (owner === undefined || kept.uid === owner.uid)) return { cert: kept.pem, key: kept.pem }
  const pem = isKept ? kept.pem : await makePem(names)
  await writeWhole(file, pem, 0o600, owner)
  return { cert: pem, key: pem }
}

async function readKept(file: string, isTheirs: boolean): Promise<{ pem: string; uid: number } | undefined> {
  // Neither a link nor a pipe that nobody writes to.
  const careful = isTheirs ? constants.O_NOFOLLOW | constants.O_NONBLOCK : 0
  try {
    await using handle = await open(file, constants.O_RDONLY | careful)
    return { pem: await handle.readFile('utf8'), uid: (await handle.stat()).uid }
  } catch {
    return undefined
  }
}

async function makePem(names: string[]): Promise<string> {
  const made = await makeCertificate(names)
  return `${made.private}${made.cert}`
}

function isGood(pem: string, names: string[]): boolean {
  try {
    const certificate = new X509Certificate(pem)
    const endsAt = new Date(certificate.validTo).getTime()
    const covers = (name: string) =>
      (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined
    return endsAt > Date.now() + renewBeforeDays * dayMs && names.every(covers)
  } catch {
    return false
  }
}

async function makeCertificate(names: string[]) {
  // 20 MB, for once in many months.
  const { generate } = await import('selfsigned')
  const altNames = names.map(name => (isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name }))
  return generate([{ name: 'commonName', value: hostname() }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A clock that runs a little behind still takes it.
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + (lifetimeDays - 1) * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  })
}

function readNamed(option: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch(error => {
    throw new Error(`${option} ${file} cannot be read (${error.code}). Name a readable PEM file.`)
  })
}
