import { isRecord, type Schema } from './option.ts'
import { topologySchema } from './schema.ts'

/**
 * The JSON Schema that editors check a document with: the file docs/topology.schema.json. Inside, every option that has a default is
 * there; a document may leave it out. `x-change` says what a change asks of a running server, `x-verb` by which command
 * it is said, `x-key` what tells parts of a list apart.
 */
export function publishedSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Topology of Persistent Chat',
    ...(asWritten(topologySchema) as object),
  }
}

function asWritten(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(asWritten)
  if (!isRecord(part)) return part
  const { required, ...rest } = part as Schema & Record<string, unknown>
  const needed = (required ?? []).filter(
    name => part.properties && (part as Schema).properties![name]?.default === undefined,
  )
  return {
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, asWritten(value)])),
    ...(needed.length > 0 ? { required: needed } : {}),
  }
}
