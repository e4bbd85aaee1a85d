/** The part of JSON schema that the protocol uses. */
export type Schema = {
  type?: string
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  description?: string
}

/** A schema as the text of a TypeScript type. `names` says which schemas (as JSON) have a name of their own. */
export function typeText(schema: Schema, names: ReadonlyMap<string, string>): string {
  return names.get(JSON.stringify(schema)) ?? ownText(schema, names)
}

/** The same for a schema that has a name: what stands behind it. */
export function ownText(schema: Schema, names: ReadonlyMap<string, string>): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.anyOf !== undefined) return schema.anyOf.map(each => typeText(each, names)).join(' | ')
  if (schema.items !== undefined) return `Array<${typeText(schema.items, names)}>`
  if (schema.properties !== undefined) return objectText(schema.properties, schema.required ?? [], names)
  return plainText(schema.type)
}

function objectText(
  properties: Record<string, Schema>,
  required: string[],
  names: ReadonlyMap<string, string>,
): string {
  const members = Object.entries(properties).map(([key, schema]) => {
    const comment = schema.description === undefined ? '' : `/** ${schema.description} */ `
    return `${comment}${key}${required.includes(key) ? '' : '?'}: ${typeText(schema, names)}`
  })
  return members.length === 0 ? 'Record<never, never>' : `{ ${members.join('; ')} }`
}

function plainText(type: string | undefined): string {
  if (type === 'integer') return 'number'
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'null' ? type : 'unknown'
}
