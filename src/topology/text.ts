import Type from 'typebox'
import type { Words } from './option.ts'

/** Texts that options are made of. */

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'

/** A DNS name; whether an address may hold it is asked by a rule. */
export function hostName(words: Words) {
  return Type.String({ ...words, pattern: `^${label}(\\.${label})*$`, maxLength: 253 })
}

/** A DNS name or an IP address, of a machine that need not be one of the topology. */
export function host(words: Words) {
  return Type.String({ ...words, pattern: `^(${label}(\\.${label})*|[0-9a-f:.]{2,45})$`, maxLength: 253 })
}

export function port(words: Words) {
  return Type.Integer({ ...words, minimum: 1, maximum: 65_535 })
}

/** On the machine that it is read on; no line breaks, which would end a line of a unit file, and no halves of characters. */
export function file(words: Words) {
  return Type.String({ ...words, pattern: '^/[^\\p{Cc}\\p{Cs}]*$', maxLength: 1_000 })
}

export function folder(words: Words) {
  return Type.String({ ...words, pattern: '^(/|\\./)[^\\p{Cc}\\p{Cs}]*$', maxLength: 1_000 })
}

export function shownName(words: Words) {
  return Type.String({ ...words, pattern: '^[^\\p{Cc}\\p{Cs}\\s][^\\p{Cc}\\p{Cs}]*$', maxLength: 100 })
}

/** A reference, never the secret itself. */
export function secret(words: Words) {
  return Type.String({ ...words, pattern: secretPattern, maxLength: 1_000 })
}
export const secretPattern = '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\\p{Cc}\\p{Cs}]*)$'
