/** The part of JSON Schema that the topology document uses, as the server publishes it. */
export type OptionSchema = {
  type?: string
  const?: unknown
  enum?: string[]
  description?: string
  default?: unknown
  pattern?: string
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  items?: OptionSchema
  properties?: Record<string, OptionSchema>
  required?: string[]
  'x-key'?: string
  'x-change'?: string
  'x-verb'?: string
}

/** How an option is edited. All of the document is made of these, and no part has a form of its own. */
export type FieldKind =
  | 'fixed'
  | 'choice'
  | 'switch'
  | 'number'
  | 'secret'
  | 'text'
  | 'texts'
  /** Options that stand together and have defaults. */
  | 'group'
  /** A part that may be left out as a whole. */
  | 'part'
  /** Parts with names of their own. */
  | 'parts'
  /** Parts without. */
  | 'rows'

export function fieldKind(schema: OptionSchema): FieldKind {
  if (schema.const !== undefined) return 'fixed'
  if (schema.enum) return 'choice'
  if (schema.type === 'boolean') return 'switch'
  if (schema.type === 'integer') return 'number'
  if (schema.type === 'object') return schema.default === undefined ? 'part' : 'group'
  if (schema.type === 'array') return schema.items?.properties ? (schema['x-key'] ? 'parts' : 'rows') : 'texts'
  return schema.pattern?.startsWith('^(env:') ? 'secret' : 'text'
}

/** A JSON pointer as steps: `/sites/0` as `['sites', 0]`. Names of options hold neither ~ nor /. */
export type Steps = (string | number)[]

export function stepsOf(pointer: string): Steps {
  return pointer
    .split('/')
    .slice(1)
    .map(step => (/^\d+$/.test(step) ? Number(step) : step))
}

export function pointerOf(steps: Steps): string {
  return steps.map(step => `/${step}`).join('')
}

/** What the document has at that place; undefined where it knows no such option. */
export function schemaAt(schema: OptionSchema, steps: Steps): OptionSchema | undefined {
  let found: OptionSchema | undefined = schema
  for (const step of steps) found = typeof step === 'number' ? found?.items : found?.properties?.[step]
  return found
}

export function valueAt(value: unknown, steps: Steps): unknown {
  let found = value
  for (const step of steps) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined
    found = (found as Record<string | number, unknown>)[step]
  }
  return found
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `webPort` as people read it. */
export function optionWords(name: string): string {
  const known: Record<string, string> = {
    fqdn: 'Full name',
    nats: 'NATS',
    tls: 'Encrypted (TLS)',
    caFile: 'CA file',
    dataDir: 'Data folder',
    clamd: 'clamd',
    url: 'URL',
    hosts: 'Hosts',
    store: 'PersistentChatStore',
    backupStore: 'Backup of the store',
    standby: 'On stand-by',
  }
  const words = known[name] ?? name.replace(/([A-Z])/g, ' $1').toLowerCase()
  return words[0]!.toUpperCase() + words.slice(1)
}
