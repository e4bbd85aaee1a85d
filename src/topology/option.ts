import Type, { type TObject, type TProperties, type TSchema } from 'typebox'

/**
 * What a change of an option asks of the servers that it concerns. What `pchat start` is called with needs a new start. What a command
 * says to servers that run (`verb`) nobody says for the document. Of everything else (`running`) no server asks: rules and pictures do.
 */
export type Effect = 'running' | 'verb' | 'restart'

/** What stands beside the type of every option: help, table, example and published schema are made of it. */
export type Words = { description: string; default?: unknown; 'x-change': Effect; 'x-verb'?: string; 'x-key'?: string }

/** The words of an option that no server asks for. An option without a default may be left out, where it may be. */
export function running(description: string, otherwise?: unknown): Words {
  return { description, 'x-change': 'running', ...(otherwise === undefined ? {} : { default: otherwise }) }
}

/** The words of an option that servers which run are told by a command, and by nothing else. */
export function byVerb(verb: string, description: string, otherwise?: unknown): Words {
  return { ...running(description, otherwise), 'x-change': 'verb', 'x-verb': verb }
}

/** The words of an option that is part of how a server is started. */
export function restart(description: string, otherwise?: unknown): Words {
  return { ...running(description, otherwise), 'x-change': 'restart' }
}

export const closed = { additionalProperties: false } as const

export function part<Properties extends TProperties>(words: Words, properties: Properties): TObject<Properties> {
  return Type.Object(properties, { ...words, ...closed }) as TObject<Properties>
}

/** One of a few words. */
export function oneOf<const Names extends readonly string[]>(words: Words, names: Names) {
  return Type.Unsafe<Names[number]>({ ...words, type: 'string', enum: [...names] })
}

/** The part of JSON schema that the document uses. */
export type Schema = Partial<Words> & {
  type?: string
  const?: unknown
  enum?: string[]
  pattern?: string
  minimum?: number
  maximum?: number
  maxLength?: number
  maxItems?: number
  minItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean
}

export function asSchema(schema: TSchema): Schema {
  return schema as Schema
}

/** A value with everything that it left out and that has a default. What has the wrong shape stays as it is, for the check to find. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (value === undefined && schema.default !== undefined) return withDefaults(schema, structuredClone(schema.default))
  if (schema.items && Array.isArray(value)) return value.map(item => withDefaults(schema.items!, item))
  if (!schema.properties || !isRecord(value)) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, member] of Object.entries(schema.properties)) {
    const found = withDefaults(member, Object.hasOwn(value, name) ? value[name] : undefined)
    if (found !== undefined) filled[name] = found
  }
  return filled
}

/** Whether an option in the part, or in a part of it, is called so. */
export function hasOption(schema: Schema, name: string): boolean {
  return Object.entries(schema.properties ?? {}).some(
    ([known, member]) => known === name || hasOption(member.items ?? member, name),
  )
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
