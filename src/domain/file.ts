import { Refusal } from '../protocol/error.ts'

const maxNameBytes = 255
const anonymous = 'file'

/**
 * The name of a file as everybody may see it and save it: what follows the last slash of either kind, composed, without controls,
 * direction marks and what no file system takes, at most 255 bytes of UTF-8, its ending kept. Never empty, never hidden, no device.
 */
export function cleanFileName(name: string): string {
  const last = name.normalize('NFC').split(/[/\\]/).at(-1)!
  const plain = last
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replace(/[<>:"|?*]/g, '_')
    .replace(/\p{Z}+/gu, ' ')
    // Windows drops these at the end, so that another name would come of it; a dot in front hides it.
    .replace(/^[. ]+|[. ]+$/g, '')
  const shown = /^[\p{Default_Ignorable_Code_Point}\p{Z}]*$/u.test(plain) ? anonymous : plain
  const safe = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(shown) ? `_${shown}` : shown
  return cutName(safe)
}

function cutName(name: string): string {
  if (Buffer.byteLength(name) <= maxNameBytes) return name
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 && name.length - dot <= 20 ? name.slice(dot) : ''
  let kept = ''
  let bytes = Buffer.byteLength(ending)
  for (const character of ending ? name.slice(0, dot) : name) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxNameBytes) break
    kept += character
  }
  return `${kept.replace(/[. ]+$/, '')}${ending}`
}

/** Refusal invalid_argument or too_large. */
export function checkFileSize(size: number, maxFileBytes: number): void {
  if (size === 0) throw new Refusal('invalid_argument', 'The file is empty. Choose one that holds something.')
  if (size > maxFileBytes)
    throw new Refusal('too_large', `The file has ${size} bytes, the limit is ${maxFileBytes}. Send a smaller one.`)
}

/** Pictures that a browser draws and does not run. Everything else is saved, never shown in place. */
const inlineTypes = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

export function isInlineType(type: string): boolean {
  return inlineTypes.has(type)
}

/** Content-Disposition in both forms of RFC 6266: ASCII for old programs, UTF-8 for the others. */
export function dispositionOf(name: string, inline: boolean): string {
  const ascii = name
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]/g, '_')
    .replace(/["\\%]/g, '_')
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${inline ? 'inline' : 'attachment'}; filename="${ascii}"; filename*=UTF-8''${encoded}`
}

/** First and last byte; undefined: the whole; null: nothing of it is there. */
export type ByteRange = { first: number; last: number }

/** One range of RFC 9110. Several, or what is no range of bytes, is the whole, as the RFC allows. */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined | null {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  if (!found || (found[1] === '' && found[2] === '')) return undefined
  if (found[1] === '') {
    const length = Math.min(Number(found[2]), size)
    return length === 0 ? null : { first: size - length, last: size - 1 }
  }
  const first = Number(found[1])
  const last = found[2] === '' ? size - 1 : Math.min(Number(found[2]), size - 1)
  if (found[2] !== '' && Number(found[2]) < first) return undefined
  return first >= size ? null : { first, last }
}
