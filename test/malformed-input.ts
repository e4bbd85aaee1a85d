import { type Verb, verbs } from '../src/protocol/request.ts'
import { isValid } from './malformed-shape.ts'
import { allVerbs, type validInputs } from './malformed-valid.ts'
import type { Random } from './random.ts'

const nothing: unknown[] = [null, true, false, 0, '', [], {}]
const numbers: unknown[] = [-1, 1.5, 2 ** 53, 1e308, -1e308, -0.5, 'NaN', 'Infinity', '1', '-0', 'null', 'undefined']
const texts: unknown[] = [
  ...[
    '\0',
    'a\0b',
    '\ud800',
    '\udfff\ud800',
    'a\udc00',
    'x'.repeat(20_000),
    '../../etc/passwd',
    "' OR 1=1 --",
    '%00',
    '{{7*7}}',
  ],
  ...[
    '00000000-0000-0000-0000-00000000000',
    '00000000-0000-0000-0000-0000000000000',
    '00000000-0000-0000-0000-00000000000g',
  ],
  ...['2026-13-45', '٠٠٠٠٠٠٠٠-0000-0000-0000-000000000000', '\u202e', '\ufeff', 'constructor', '__proto__'],
]
const shapes: (() => unknown)[] = [
  () => [[]],
  () => [null],
  () => ({ length: 1 }),
  () => ({ add: 5 }),
  () => ({ toString: 'x', valueOf: 5 }),
  () => JSON.parse('{"__proto__":{"administrator":true}}'),
  () => ({ constructor: { prototype: { administrator: true } } }),
  () => Array.from({ length: 1_001 }, () => 'x'),
  () => Array.from({ length: 10_001 }, () => 'x'),
  () => nested(random10(500)),
]
const keys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  ' room',
  'ROOM',
  'room\0',
  '\ud800',
  'id',
  'x'.repeat(3_000),
]

let turns = 0
function random10(most: number): number {
  turns += 1
  return 1 + ((turns * 37) % most)
}

function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value }
  return value
}

function junk(random: Random): unknown {
  const kind = random.below(4)
  if (kind === 0) return random.pick(nothing)
  if (kind === 1) return random.pick(numbers)
  if (kind === 2) return random.pick(texts)
  return random.pick(shapes)()
}

/** The input with one thing or two of it spoiled; it may still be valid by chance. */
function spoil(input: unknown, random: Random): unknown {
  const copy = structuredClone(input)
  const once = spoilOnce(copy, random)
  return random.chance(0.2) ? spoilOnce(once, random) : once
}

function spoilOnce(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.1)) return junk(random)
  if (Array.isArray(value)) {
    if (value.length === 0 || random.chance(0.3)) return [...value, junk(random)]
    const place = random.below(value.length)
    return value.with(place, spoilOnce(value[place], random))
  }
  const members = Object.keys(value)
  const what = random.below(6)
  if (what === 0) return { ...value, ...keyed(random.pick(keys), junk(random)) }
  if (members.length === 0) return junk(random)
  const key = random.pick(members)
  const { [key]: member, ...others } = value as Record<string, unknown>
  if (what === 1) return others
  return { ...others, [key]: spoilOnce(member, random) }
}

/** A member of its own even where the name is __proto__. */
function keyed(key: string, value: unknown): object {
  return Object.defineProperty({}, key, { value, enumerable: true, configurable: true, writable: true })
}

/** A spoiled input of a random verb that its schema refuses. */
export function badInput(inputs: ReturnType<typeof validInputs>, random: Random): { verb: Verb; input: unknown } {
  for (;;) {
    const verb = random.pick(allVerbs)
    const input = spoil(inputs[verb], random)
    if (input !== undefined && !isValid(verbs[verb].input, input)) return { verb, input }
  }
}
