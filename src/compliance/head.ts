import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/** What is signed of a batch: where it begins and ends, the root of its entries, and the head before it. */
export type Head = {
  archive: string
  batch: number
  first: number
  last: number
  /** Hexadecimal, as all hashes here. */
  root: string
  /** Hash of the head before; 64 zeros in the first batch. */
  previous: string
  /** Of the mover that made it. */
  fence: number
  at: string
}
export type SignedHead = { head: Head; signature: string }

export const noHead = '0'.repeat(64)

/** The bytes that are hashed and signed. One form, so that a verifier of three lines can make it. */
export function headText({ archive, batch, first, last, root, previous, fence, at }: Head): string {
  return [
    'pchat archive head 1',
    `archive ${archive}`,
    `batch ${batch}`,
    `entries ${first} ${last}`,
    `root ${root}`,
    `previous ${previous}`,
    `fence ${fence}`,
    `at ${at}`,
    '',
  ].join('\n')
}

export function headHash(head: Head): string {
  return createHash('sha256').update(headText(head)).digest('hex')
}

export function signHead(head: Head, key: KeyObject): SignedHead {
  return { head, signature: sign(null, Buffer.from(headText(head)), key).toString('base64') }
}

/** Whether one of these keys has signed it: keys are exchanged, and what the old one signed stays. */
export function isSigned({ head, signature }: SignedHead, keys: readonly KeyObject[]): boolean {
  const text = Buffer.from(headText(head))
  const bytes = Buffer.from(signature, 'base64')
  return keys.some(key => verify(null, text, key, bytes))
}

/** The private key, PEM. Made where there is no such file, for the owner's eyes only. */
export async function openSigningKey(file: string): Promise<KeyObject> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text !== undefined) return requireEd25519(createPrivateKey(text), file)
  const { privateKey } = generateKeyPairSync('ed25519')
  // Should another process have made one meanwhile, that one is taken.
  await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    },
  )
  return requireEd25519(createPrivateKey(await readFile(file, 'utf8')), file)
}

/** Public keys of a file, PEM, one after the other; of a private key its public half. */
export async function readPublicKeys(file: string): Promise<KeyObject[]> {
  const blocks = (await readFile(file, 'utf8')).match(/-----BEGIN [\s\S]+?-----END [^-]+-----/g) ?? []
  if (blocks.length === 0) throw new Error(`${file} holds no key in PEM. Name the file of the public key.`)
  return blocks.map(block => requireEd25519(createPublicKey(block), file))
}

export function publicPem(key: KeyObject): string {
  const half = key.type === 'public' ? key : createPublicKey(key)
  return half.export({ type: 'spki', format: 'pem' }) as string
}

function requireEd25519(key: KeyObject, file: string): KeyObject {
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(
      `The key in ${file} is ${key.asymmetricKeyType}, not Ed25519. Make one: openssl genpkey -algorithm ed25519.`,
    )
  return key
}
