import { isRecord, type Schema } from './option.ts'
import { topologySchema } from './schema.ts'

export const editions = ['standard-edition', 'enterprise-edition'] as const
export type Edition = (typeof editions)[number]

/** A document to begin with, each option with its sentence. Without a name, Standard Edition is what `npm start` starts. */
export function exampleDocument(edition: Edition, fqdn?: string): string {
  const value = edition === 'standard-edition' ? standardEdition(fqdn) : enterpriseEdition(fqdn ?? 'chat.example.com')
  const lines = written(topologySchema, value, new Set())
  return [
    `# ${topologySchema.description}.`,
    '# All options: docs/topology.md, pchat topology --help.',
    ...lines,
    '',
  ].join('\n')
}

function standardEdition(fqdn: string | undefined): object {
  if (fqdn !== undefined)
    return { version: 1, standardServers: [{ fqdn, certificate: { from: 'files' } }], persistentChatPools: [{ fqdn }] }
  return {
    version: 1,
    standardServers: [{ fqdn: 'localhost', dataDir: './data', certificate: { from: 'none' } }],
    persistentChatPools: [{ fqdn: 'localhost', port: 8080 }],
  }
}

function enterpriseEdition(fqdn: string): object {
  const domain = fqdn.split('.').slice(1).join('.')
  const at = (name: string): string => {
    const whole = domain === '' ? name : `${name}.${domain}`
    // Whoever calls the pool like one of its machines has machines of other names.
    return whole === fqdn ? at(`${name}-1`) : whole
  }
  const hosts = (...names: string[]) => names.map(name => ({ host: at(name), port: 5432 }))
  return {
    version: 1,
    sites: [{ name: 'main', displayName: 'Head office' }],
    enterprisePools: [{ fqdn: at('fe'), site: 'main', servers: [{ fqdn: at('fe1') }, { fqdn: at('fe2') }] }],
    persistentChatPools: [
      {
        fqdn,
        displayName: 'Main rooms',
        site: 'main',
        nextHop: at('fe'),
        servers: [{ fqdn: at('chat1') }, { fqdn: at('chat2') }, { fqdn: at('chat3'), standby: true }],
        store: { hosts: hosts('db1', 'db2'), password: 'file:/etc/pchat/store.secret' },
        compliance: {
          enabled: true,
          store: { hosts: hosts('db9'), password: 'file:/etc/pchat/compliance.secret' },
          fileStore: '/mnt/pchat-compliance',
          keyFile: '/etc/pchat/archive-key.pem',
        },
        nats: { servers: [{ host: at('nats1') }, { host: at('nats2') }] },
        fileStore: { place: '/mnt/pchat-files', shared: true },
        users: { concurrent: 20_000, enabled: 30_000 },
        defaultFor: { allSites: true },
      },
    ],
  }
}

/** Lines of YAML, each option with its sentence where it comes for the first time. */
function written(schema: Schema, value: object, told: Set<Schema>): string[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const option = schema.properties![name]!
    const sentence = told.has(option) ? [] : [`# ${option.description}`]
    told.add(option)
    return [...sentence, ...memberLines(name, option, member, told)]
  })
}

function memberLines(name: string, option: Schema, value: unknown, told: Set<Schema>): string[] {
  if (Array.isArray(value))
    return [`${name}:`, ...value.flatMap(item => indented(itemLines(option.items!, item, told)))]
  if (isRecord(value)) return [`${name}:`, ...indented(written(option, value, told))]
  return [`${name}: ${scalar(value)}`]
}

/** The hyphen stands before the first option; sentences of the item stand above it. */
function itemLines(schema: Schema, item: unknown, told: Set<Schema>): string[] {
  if (!isRecord(item)) return [`- ${scalar(item)}`]
  const lines = written(schema, item, told)
  const first = lines.findIndex(line => !line.startsWith('#'))
  return lines.map((line, i) => (i < first ? line : i === first ? `- ${line}` : `  ${line}`))
}

function indented(lines: string[]): string[] {
  return lines.map(line => `  ${line}`)
}

function scalar(value: unknown): string {
  const text = String(value)
  return typeof value === 'string' && (!/^[A-Za-z/.][\w./:-]*( [\w./-]+)*$/.test(text) || isOtherThanText(text))
    ? JSON.stringify(text)
    : text
}

/** Words that YAML, of this age or another, takes for something else. */
function isOtherThanText(text: string): boolean {
  return /^(null|true|false|yes|no|on|off|y|n|\.nan|[.]inf)$/i.test(text)
}
