import { isIP } from 'node:net'
import { isInDomain } from '../base/host.ts'
import { Refusal } from '../protocol/error.ts'
import type { PasskeyAssertion, PasskeyAttestation } from '../protocol/factor.ts'
import type { Queryable } from '../store/db.ts'
import {
  type ChallengePurpose,
  findPasskey,
  insertChallenge,
  listPasskeys,
  type PasskeyRow,
  takeChallenge,
} from '../store/passkey.ts'
import type { Chat } from './chat.ts'

/** Loaded when somebody first has to do with a passkey: most servers of most days do without its weight. */
const webauthn = () => import('@simplewebauthn/server')

const rpName = 'Persistent Chat'
/** Ed25519, ES256, RS256, as COSE numbers them: what every authenticator has one of, and no experiment of this runtime. */
const algorithms = [-8, -7, -257]
const timeoutMs = 5 * 60_000

/** What passkeys are bound to, and the origins of the pages that they may be used on. */
export type PasskeySite = { rpID: string; origins: string[] }

/**
 * What passkeys of this server are bound to; undefined where browsers would not make any: at an address without a name, or without
 * TLS elsewhere than on this machine.
 */
export function passkeySite({ secondFactor }: Pick<Chat, 'secondFactor'>): PasskeySite | undefined {
  const url = pageOf(secondFactor.pagesUrl())
  if (!url) return undefined
  const domain = secondFactor.passkeyDomain
  const rpID = domain !== undefined && isInDomain(url.hostname, domain) ? domain : url.hostname
  // The library leaves the rest to who calls it: a browser takes the passkey to any host within the domain.
  const others = secondFactor.otherPages().flatMap(one => pageOf(one) ?? [])
  const origins = [url, ...others].filter(one => isInDomain(one.hostname, rpID)).map(one => one.origin)
  return { rpID, origins: [...new Set(origins)] }
}

function pageOf(address: string): URL | undefined {
  const url = URL.parse(address)
  if (!url || url.hostname.startsWith('[') || isIP(url.hostname)) return undefined
  return url.protocol === 'https:' || /^(.+\.)?localhost$/.test(url.hostname) ? url : undefined
}

function requireSite(chat: Chat): PasskeySite {
  const site = passkeySite(chat)
  if (!site)
    throw new Refusal(
      'conflict',
      'Passkeys need an https address with a name. Use an authenticator app, or ask the operator to set --pages-url or --url.',
    )
  return site
}

/** What the authenticator keeps as the user: tells nothing of his name. */
function handleOf(principal: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(principal.replaceAll('-', ''), 'hex'))
}

/** What navigator.credentials.create takes. The person's other authenticators are left out by the browser. */
export async function offerRegistration(
  chat: Chat,
  person: { id: string; name: string; displayName: string },
): Promise<object> {
  const { rpID } = requireSite(chat)
  const known = await listPasskeys(chat.db, person.id)
  const options = await (await webauthn()).generateRegistrationOptions({
    ...{ rpName, rpID, userName: person.name, userDisplayName: person.displayName, timeout: timeoutMs },
    userID: handleOf(person.id),
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: known.map(({ id, transports }) => ({ id, transports })),
    // It signs in alone, too: so it has to be found without a name, and has to know its holder.
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  await insertChallenge(chat.db, options.challenge, 'add', person.id)
  return options
}

/** What navigator.credentials.get takes: for one person's passkeys, or whichever the browser finds. */
export async function offerAuthentication(
  chat: Chat,
  purpose: Exclude<ChallengePurpose, 'add'>,
  principal: string | null,
): Promise<object> {
  const { rpID } = requireSite(chat)
  const known = principal === null ? [] : await listPasskeys(chat.db, principal)
  const options = await (await webauthn()).generateAuthenticationOptions({
    ...{ rpID, timeout: timeoutMs, userVerification: 'required' as const },
    allowCredentials: known.map(({ id, transports }) => ({ id, transports })),
  })
  await insertChallenge(chat.db, options.challenge, purpose, principal)
  return options
}

/** The challenge that was signed; undefined where it cannot be read. */
function challengeOf(clientDataJSON: string): string | undefined {
  try {
    const { challenge } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'))
    return typeof challenge === 'string' ? challenge : undefined
  } catch {
    return undefined
  }
}

/** Runs the library over what a stranger sent: whatever it throws means no. */
async function verified<T>(chat: Chat, check: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await check()
  } catch (error) {
    chat.log.info({ reason: (error as Error).message }, 'a passkey was refused')
    return undefined
  }
}

type NewPasskey = Pick<PasskeyRow, 'id' | 'publicKey' | 'counter' | 'transports'>

/** A new passkey that signed our challenge for this person, on a page of ours; undefined where it did not. */
export async function readAttestation(
  chat: Chat,
  principal: string,
  sent: PasskeyAttestation,
): Promise<NewPasskey | undefined> {
  const { rpID, origins } = requireSite(chat)
  const challenge = challengeOf(sent.clientDataJSON)
  if (challenge === undefined || !(await takeChallenge(chat.db, challenge, 'add', principal))) return undefined
  const { verifyRegistrationResponse } = await webauthn()
  return verified(chat, async () => {
    const { clientDataJSON, attestationObject } = sent
    const { registrationInfo } = await verifyRegistrationResponse({
      response: {
        ...{ id: sent.id, rawId: sent.id, type: 'public-key' as const, clientExtensionResults: {} },
        response: { clientDataJSON, attestationObject },
      },
      ...{ expectedChallenge: challenge, expectedOrigin: origins, expectedRPID: rpID, requireUserVerification: true },
      supportedAlgorithmIDs: algorithms,
    })
    if (registrationInfo?.credential.id !== sent.id) return undefined
    const { id, publicKey, counter } = registrationInfo.credential
    const transports = (sent.transports ?? []).filter(one => /^[a-z-]{1,32}$/.test(one))
    return { id, publicKey, counter, transports }
  })
}

/** Whose passkey it was, and how far its counter has come: for usePasskey. */
export type SeenPasskey = { id: string; principal: string; counter: number }

/**
 * A passkey that signed our challenge of this purpose, on a page of ours, with its holder verified; undefined where it did not. With a
 * principal it is one of his.
 */
export async function readAssertion(
  chat: Chat,
  purpose: Exclude<ChallengePurpose, 'add'>,
  principal: string | null,
  sent: PasskeyAssertion,
): Promise<SeenPasskey | undefined> {
  const { rpID, origins } = requireSite(chat)
  const challenge = challengeOf(sent.clientDataJSON)
  if (challenge === undefined || !(await takeChallenge(chat.db, challenge, purpose, principal))) return undefined
  const known = await findPasskey(chat.db, sent.id)
  if (!known || !isOf(known, principal, sent.userHandle)) return undefined
  const { verifyAuthenticationResponse } = await webauthn()
  return verified(chat, async () => {
    const { clientDataJSON, authenticatorData, signature } = sent
    const { verified: isRight, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...{ id: sent.id, rawId: sent.id, type: 'public-key' as const, clientExtensionResults: {} },
        response: { clientDataJSON, authenticatorData, signature },
      },
      ...{ expectedChallenge: challenge, expectedOrigin: origins, expectedRPID: rpID, requireUserVerification: true },
      credential: { id: known.id, publicKey: new Uint8Array(known.publicKey), counter: known.counter },
    })
    return isRight ? { id: known.id, principal: known.principal, counter: authenticationInfo.newCounter } : undefined
  })
}

/** Without a name the authenticator itself says whose it is. */
function isOf(known: PasskeyRow, principal: string | null, userHandle: string | undefined): boolean {
  if (principal !== null && known.principal !== principal) return false
  const own = Buffer.from(handleOf(known.principal)).toString('base64url')
  return userHandle === undefined ? principal !== null : userHandle === own
}

/** Rarely has anybody more devices. */
export const maxPasskeys = 20

export async function passkeysOf(q: Queryable, principal: string) {
  const rows = await listPasskeys(q, principal)
  return rows.map(({ id, name, createdAt, lastUsedAt }) => ({
    ...{ id, name, createdAt: createdAt.toISOString() },
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  }))
}
