import { isRecord, type OptionSchema, pointerOf, type Steps, schemaAt, stepsOf, valueAt } from './topology-schema.ts'

/**
 * Where the part of that pointer stands once the document is another one: parts go by their names, and places say nothing. Undefined
 * where it is gone. `isEdit`: somebody has edited the document here, who may have given the part another name.
 */
export function carriedPointer(
  schema: OptionSchema,
  before: unknown,
  after: unknown,
  pointer: string,
  isEdit: boolean,
): string | undefined {
  const carried: Steps = []
  const walked: Steps = []
  for (const step of stepsOf(pointer)) {
    const key = schemaAt(schema, walked)?.['x-key']
    const [old, now] = [valueAt(before, walked), valueAt(after, carried)]
    const place =
      typeof step === 'number' && key !== undefined ? placeIn(asList(old), asList(now), step, key, isEdit) : step
    if (place === undefined) return undefined
    walked.push(step)
    carried.push(place)
  }
  return valueAt(after, carried) === undefined ? undefined : pointerOf(carried)
}

function placeIn(old: unknown[], now: unknown[], index: number, key: string, isEdit: boolean): number | undefined {
  const nameOf = (part: unknown) => (isRecord(part) ? part[key] : undefined)
  const name = nameOf(old[index])
  if (name !== undefined && nameOf(now[index]) === name) return index
  // Letter by letter its name may come to be that of another part, or none at all.
  const isRenamed = old.length === now.length && old.every((part, i) => i === index || nameOf(part) === nameOf(now[i]))
  if (isEdit && isRenamed) return index
  const found = name === undefined ? -1 : now.findIndex(part => nameOf(part) === name)
  return found < 0 ? undefined : found
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
