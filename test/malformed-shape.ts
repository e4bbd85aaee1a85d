import type { TSchema } from 'typebox'

type Schema = TSchema & {
  type?: string
  const?: unknown
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  maxItems?: number
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}

/** Whether an input is of the shape of its schema: written anew for this test, so that it does not believe the validator that it tests. */
export function isValid(schema: TSchema, value: unknown): boolean {
  const { type, anyOf, pattern, items, properties = {}, required = [], ...rest } = schema as Schema
  if (anyOf) return anyOf.some(branch => isValid(branch, value))
  if ('const' in rest) return value === rest.const
  if (type === 'null') return value === null
  if (type === 'boolean') return typeof value === 'boolean'
  if (type === 'string')
    return (
      typeof value === 'string' &&
      value.isWellFormed() &&
      !value.includes('\0') &&
      value.length >= (rest.minLength ?? 0) &&
      value.length <= (rest.maxLength ?? Infinity) &&
      (pattern === undefined || new RegExp(pattern).test(value))
    )
  if (type === 'integer' || type === 'number')
    return (
      typeof value === 'number' &&
      (type === 'integer' ? Number.isInteger(value) : Number.isFinite(value)) &&
      value >= (rest.minimum ?? -Infinity) &&
      value <= (rest.maximum ?? Infinity) &&
      value > (rest.exclusiveMinimum ?? -Infinity)
    )
  if (type === 'array')
    return (
      Array.isArray(value) && value.length <= (rest.maxItems ?? Infinity) && value.every(one => isValid(items!, one))
    )
  if (type !== 'object') throw new Error(`this test does not know the type ${type} yet`)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const known = (key: string) => Object.hasOwn(properties, key)
  return (
    required.every(key => Object.hasOwn(value, key)) &&
    Object.entries(value).every(([key, member]) => known(key) && isValid(properties[key]!, member))
  )
}
