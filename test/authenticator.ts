import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { PasskeyAssertion, PasskeyAttestation } from '../src/protocol/factor.ts'

type CreateOptions = { challenge: string; rp: { id: string }; user: { id: string } }
type GetOptions = { challenge: string; rpId: string }

/** What a browser and its authenticator would do otherwise. */
export type Lie = {
  challenge?: string
  rpID?: string
  origin?: string
  type?: string
  /** Nobody was asked for his finger. */
  unverified?: boolean
  counter?: number
  userHandle?: string | null
  /** Signs something else. */
  forged?: boolean
}

const present = 0x01
const holderVerified = 0x04
const withCredential = 0x40

/** An authenticator of software with one passkey, with the browser in front of it: it does as a good one would, or as it is told. */
export function openAuthenticator(origin: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const credential = randomBytes(32)
  const id = credential.toString('base64url')
  let userHandle: string | undefined
  let counter = 0

  function clientData(type: string, challenge: string, lie: Lie): Buffer {
    const told = { type: lie.type ?? type, challenge: lie.challenge ?? challenge, origin: lie.origin ?? origin }
    return Buffer.from(JSON.stringify({ ...told, crossOrigin: false }))
  }

  function authenticatorData(rpID: string, lie: Lie, flags: number, rest = Buffer.alloc(0)): Buffer {
    const head = Buffer.alloc(5)
    head.writeUInt8(flags | present | (lie.unverified ? 0 : holderVerified), 0)
    head.writeUInt32BE(lie.counter ?? counter, 1)
    const hash = createHash('sha256')
      .update(lie.rpID ?? rpID)
      .digest()
    return Buffer.concat([hash, head, rest])
  }

  return {
    id,
    get counter() {
      return counter
    },
    create(options: unknown, lie: Lie = {}): PasskeyAttestation {
      const { challenge, rp, user } = options as CreateOptions
      userHandle = user.id
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
      // COSE: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
      const key = Buffer.concat([
        Buffer.from('a5010203262001215820', 'hex'),
        Buffer.from(x, 'base64url'),
        Buffer.from('225820', 'hex'),
        Buffer.from(y, 'base64url'),
      ])
      const length = Buffer.from([0, credential.length])
      const data = authenticatorData(
        rp.id,
        lie,
        withCredential,
        Buffer.concat([Buffer.alloc(16), length, credential, key]),
      )
      // CBOR: {"fmt": "none", "attStmt": {}, "authData": data}
      const attestation = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746158', 'hex'),
        Buffer.from([data.length]),
        data,
      ])
      return {
        id,
        clientDataJSON: clientData('webauthn.create', challenge, lie).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      }
    },
    get(options: unknown, lie: Lie = {}): PasskeyAssertion {
      const { challenge, rpId } = options as GetOptions
      counter += 1
      const client = clientData('webauthn.get', challenge, lie)
      const data = authenticatorData(rpId, lie, 0)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      const signature = sign('sha256', lie.forged ? Buffer.from('something else') : signed, privateKey)
      const handle = lie.userHandle === undefined ? userHandle : lie.userHandle
      return {
        id,
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(handle ? { userHandle: handle } : {}),
      }
    },
  }
}
