import type { Effect, Schema } from './option.ts'
import { topologySchema } from './schema.ts'

/** One option of the document as the table of docs/topology.md and the help show it. */
export type OptionLine = {
  /** `persistentChatPools[].servers[].fqdn`. */
  name: string
  type: string
  /** As it is written in YAML; undefined where there is none. */
  otherwise?: string | undefined
  isRequired: boolean
  sentence: string
  change: Effect
  /** The command that says it to servers which run. */
  verb?: string | undefined
}

/** Every option of the document, each part before what is in it. */
export function optionLines(): OptionLine[] {
  return Object.entries(topologySchema.properties!).flatMap(([name, schema]) =>
    linesOf(name, schema, topologySchema, name),
  )
}

function linesOf(path: string, schema: Schema, parent: Schema, name: string): OptionLine[] {
  const line: OptionLine = {
    name: path,
    type: typeOf(schema),
    otherwise: shownDefault(schema),
    isRequired: (parent.required?.includes(name) ?? false) && schema.default === undefined,
    sentence: schema.description ?? '',
    change: schema['x-change'] ?? 'restart',
    ...(schema['x-verb'] === undefined ? {} : { verb: schema['x-verb'] }),
  }
  const inner = schema.items?.properties ? schema.items : schema
  const prefix = schema.items?.properties ? `${path}[]` : path
  const members = Object.entries(inner.properties ?? {})
  return [line, ...members.flatMap(([member, one]) => linesOf(`${prefix}.${member}`, one, inner, member))]
}

function shownDefault({ default: otherwise, properties }: Schema): string | undefined {
  if (otherwise === undefined || properties) return undefined
  return Array.isArray(otherwise) ? 'none' : String(otherwise)
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return String(schema.const)
  if (schema.enum) return schema.enum.join(', ')
  switch (schema.type) {
    case 'integer':
      return `${schema.minimum?.toLocaleString('en')} to ${schema.maximum?.toLocaleString('en')}`
    case 'boolean':
      return 'true, false'
    case 'array':
      return schema.items?.properties ? 'list' : 'list of texts'
    case 'object':
      return 'group'
    default:
      return 'text'
  }
}
