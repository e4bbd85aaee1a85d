import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser'
import type { PasskeyAssertion, PasskeyAttestation } from '../../../src/protocol/factor.ts'

/** Loaded when somebody uses a passkey. */
const webauthn = () => import('@simplewebauthn/browser')

/** Browsers make none for an address that is a number. */
export function canUsePasskeys(): boolean {
  return typeof PublicKeyCredential === 'function' && !/^[\d.]+$|^\[/.test(location.hostname)
}

/** The browser's words tell a person nothing to do. */
function inWords(error: unknown): Error {
  const { name, message } = error as Error
  if (name === 'InvalidStateError') return coded('This device has a passkey of this account already.')
  if (name === 'NotAllowedError' || name === 'AbortError')
    return coded('The browser ended it: nothing was chosen, or it took too long. Try again.')
  if (name === 'SecurityError')
    return coded('Passkeys belong to the address that the administrator gave to this server. Open the window there.')
  return coded(`The browser could not do this: ${message}. Try another way.`)
}

function coded(message: string): Error & { code: string } {
  return Object.assign(new Error(message), { code: 'passkey' })
}

/** Makes a passkey on this device, or on one that the browser offers. `options`: as factor.begin answered. */
export async function createPasskey(options: unknown): Promise<PasskeyAttestation> {
  try {
    const { startRegistration } = await webauthn()
    const made = await startRegistration({ optionsJSON: options as PublicKeyCredentialCreationOptionsJSON })
    const { clientDataJSON, attestationObject, transports } = made.response
    return { id: made.id, clientDataJSON, attestationObject, ...(transports === undefined ? {} : { transports }) }
  } catch (error) {
    throw inWords(error)
  }
}

/** Lets the browser sign a challenge with a passkey. `options`: as session.challenge or factor.challenge answered. */
export async function signWithPasskey(options: unknown): Promise<PasskeyAssertion> {
  try {
    const { startAuthentication } = await webauthn()
    const used = await startAuthentication({ optionsJSON: options as PublicKeyCredentialRequestOptionsJSON })
    const { clientDataJSON, authenticatorData, signature, userHandle } = used.response
    return { id: used.id, clientDataJSON, authenticatorData, signature, ...(userHandle ? { userHandle } : {}) }
  } catch (error) {
    throw inWords(error)
  }
}
