import type { Problem } from '../app/topology-check.ts'
import type { OptionSchema } from '../app/topology-schema.ts'

export type TopologyFieldProps = {
  name: string
  schema: OptionSchema
  value: unknown
  isRequired: boolean
  /** What people may mean, from elsewhere in the document. */
  suggestions: readonly string[]
  problems: readonly Problem[]
  isReadOnly: boolean
  /** Undefined: the document leaves it out. */
  onChange: (value: unknown) => void
}

export function ProblemWords({ problems }: { problems: readonly Problem[] }) {
  return (
    <>
      {problems.map(({ level, rule, message }, i) => (
        // The first one stands beside the sign of its field.
        <span key={`${rule} ${message}`} style={{ display: i === 0 ? 'inline' : 'block' }}>
          {level === 'error' ? 'Error' : 'Advice'}
          {rule === '' ? '' : ` ${rule}`}: {message}
        </span>
      ))}
    </>
  )
}

/** Its sentence, its default, and what a change of it asks. */
export function hintOf(schema: OptionSchema): string {
  const { description = '', default: otherwise } = schema
  const shown = otherwise === undefined || typeof otherwise === 'object' ? '' : ` Default: ${String(otherwise)}.`
  return `${description}.${shown}`
}

export function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
