/**
 * What load posts say: when it was sent and which post it is, in digits at fixed places, then words up to the usual length. The
 * clock is the machine's monotonic one, so that generators of one machine measure each other's posts.
 */
export const textLength = 150
const instantDigits = 15
const numberDigits = 14
export const MARK = 'L'
export const instantAt = 1
export const numberAt = instantAt + instantDigits + 1
export const wordsAt = numberAt + numberDigits + 1

/** Searched for by some; history has them too. */
export const words = 'alpha budget customer delivery engine forecast green harbour index journey kernel ledger'.split(
  ' ',
)

export function postText(sentUs: number, number: number): string {
  const at = Math.floor(sentUs).toString().padStart(instantDigits, '0')
  let text = `${MARK}${at} ${number.toString().padStart(numberDigits, '0')}`
  for (let turn = number; text.length < textLength; turn += 7) text += ` ${words[turn % words.length]}`
  return text.slice(0, textLength)
}

/** Undefined where it is no post of a load. */
export function readPostText(text: string): { sentUs: number; number: number } | undefined {
  if (!/^L\d{15} \d{14} /.test(text)) return undefined
  return {
    sentUs: Number(text.slice(instantAt, instantAt + instantDigits)),
    number: Number(text.slice(numberAt, numberAt + numberDigits)),
  }
}

/** FNV-1a over text and client id, as two rounds of 26 bits: 52 that a number holds. */
export function contentHash(text: string, clientId: string): number {
  let low = 0x811c9dc5
  let high = 0x1000193
  for (const part of [text, clientId])
    for (let place = 0; place < part.length; place += 1) {
      const code = part.charCodeAt(place)
      low = Math.imul(low ^ code, 0x01000193)
      high = Math.imul(high ^ code, 0x85ebca6b)
    }
  return joinHash(low, high)
}

/** The same over bytes, where the text is ASCII without escapes. */
export function contentHashOf(
  buffer: Uint8Array,
  text: { from: number; to: number },
  clientId: { from: number; to: number },
): number {
  let low = 0x811c9dc5
  let high = 0x1000193
  for (let part = text; ; part = clientId) {
    for (let place = part.from; place < part.to; place += 1) {
      const code = buffer[place]!
      low = Math.imul(low ^ code, 0x01000193)
      high = Math.imul(high ^ code, 0x85ebca6b)
    }
    if (part === clientId) return joinHash(low, high)
  }
}

function joinHash(low: number, high: number): number {
  return (high >>> 6) * 2 ** 26 + (low >>> 6)
}

/** Posts are numbered over all generators; the client id says the same, and tells runs apart. */
export function clientIdOf(run: number, number: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0').slice(-digits)
  return `${hex(run >>> 0, 8)}-0000-4000-8000-${hex(number, 12)}`
}

const origin = Number(process.hrtime.bigint()) / 1000 - performance.now() * 1000

/** Microseconds of the machine's monotonic clock, the same in all processes. */
export function nowUs(): number {
  return origin + performance.now() * 1000
}
