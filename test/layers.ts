import { type Import, importsOf, isTest, mask, type Source } from './source.ts'

/** What each folder of `src`, and the programs beside it, may import of ours besides itself. */
const roles = ['server', 'web-services', 'files', 'compliance']
const belowChat = ['store', 'pool', 'directory', 'domain', 'protocol', 'base']
const belowStore = ['domain', 'protocol', 'base']
const belowRoles = ['chat', ...belowChat]
export const mayImport: Record<string, string[]> = {
  base: [],
  protocol: [],
  domain: ['protocol'],
  store: belowStore,
  pool: belowStore,
  directory: belowStore,
  chat: belowChat,
  server: belowRoles,
  'web-services': belowRoles,
  files: belowRoles,
  // It has a database of its own and reads the outbox: chat would bring all of the store along.
  compliance: ['store', ...belowStore],
  // What is published has a database of its own; the document and what follows from it know nothing of that.
  topology: ['store', 'protocol', 'base'],
  cli: [...roles, ...belowRoles, 'topology', 'client'],
  client: ['protocol'],
  web: ['client', 'protocol'],
  bench: ['client', 'protocol'],
}
const complianceTakesOfStore = ['src/store/db.ts', 'src/store/outbox.ts', 'src/store/role.ts']
const centralTakesOfStore = ['src/store/db.ts', 'src/store/address.ts', 'src/store/host.ts', 'src/store/role.ts']
const isCentral = (path: string) => /^src\/topology\/(central|replica)[\w-]*\.ts$/.test(path)

/** `src/chat/room.ts` is of `chat`, `web/src/app/x.ts` of `web`; undefined: bin, test and settings of tools. */
export function layerOf(path: string): string | undefined {
  const [first, second, third] = path.split('/')
  if (first === 'src') return third === undefined && second?.includes('.') ? undefined : second
  return first === 'web' || first === 'bench' ? first : undefined
}

type Reach = { from: string; to: string; kind: Import['kind'] }

function reachesOf(sources: Source[]): Reach[] {
  return sources
    .filter(({ path }) => !isTest(path))
    .flatMap(source => importsOf(source).map(({ to, kind }) => ({ from: source.path, to, kind })))
}

function isOurs(to: string): boolean {
  return /^(src|web|bench|test|bin)\//.test(to) || to === 'src/client'
}

export function wrongLayers(sources: Source[]): string[] {
  const wrong: string[] = []
  for (const { path } of sources) {
    const layer = layerOf(path)
    if (layer !== undefined && !Object.hasOwn(mayImport, layer))
      wrong.push(`${path}: ${layer} is no layer; give it a line in the import table`)
  }
  for (const { from, to } of reachesOf(sources)) {
    const layer = layerOf(from)
    if (layer === undefined || !isOurs(to)) continue
    if (isTest(to)) {
      wrong.push(`${from} imports ${to}: only tests import tests`)
      continue
    }
    const target = layerOf(to)
    if (target === layer) continue
    if (target === undefined || !mayImport[layer]?.includes(target))
      wrong.push(`${from} imports ${to}: ${layer} may not know ${target ?? 'what is outside src'}`)
    else if (layer === 'compliance' && target === 'store' && !complianceTakesOfStore.includes(to))
      wrong.push(`${from} imports ${to}: compliance takes only db, outbox and role of the store`)
    else if (layer === 'topology' && target !== 'base' && !isCentral(from))
      wrong.push(`${from} imports ${to}: a document and what follows from it know only base`)
    else if (layer === 'topology' && target === 'store' && !centralTakesOfStore.includes(to))
      wrong.push(`${from} imports ${to}: what is published takes only connections of the store`)
  }
  return wrong
}

/** Circles of files that import each other at run time, each as one line. Tarjan's strongly connected components. */
export function cycles(sources: Source[]): string[] {
  const next = new Map<string, string[]>(sources.map(({ path }) => [path, []]))
  for (const { from, to, kind } of reachesOf(sources)) if (kind === 'value' && next.has(to)) next.get(from)!.push(to)
  const seen = new Map<string, { index: number; low: number; onStack: boolean }>()
  const stack: string[] = []
  const found: string[] = []
  const visit = (path: string) => {
    const mine = { index: seen.size, low: seen.size, onStack: true }
    seen.set(path, mine)
    stack.push(path)
    for (const to of next.get(path) ?? []) {
      const known = seen.get(to) ?? visit(to)
      if (known.onStack) mine.low = Math.min(mine.low, known.low)
    }
    if (mine.low === mine.index) {
      const circle = stack.splice(stack.indexOf(path))
      for (const member of circle) seen.get(member)!.onStack = false
      if (circle.length > 1 || next.get(path)?.includes(path)) found.push(circle.sort().join(' ⇄ '))
    }
    return mine
  }
  for (const path of next.keys()) if (!seen.has(path)) visit(path)
  return found
}

/** Written in capitals, as all our SQL is; prose may say "select a room from the list". */
const sql =
  /\bSELECT\b[\s\S]+?\bFROM\b|\bSELECT\s+\w+\(|\bINSERT\s+INTO\b|\bUPDATE\s+\S+\s+SET\b|\bDELETE\s+FROM\b|\b(?:CREATE|ALTER|DROP|TRUNCATE)\s+(?:TABLE|INDEX|SCHEMA|DATABASE|ROLE|FUNCTION|SEQUENCE|TYPE)\b|^\s*(?:BEGIN|COMMIT|ROLLBACK)\b/
const holdsSql = ['store', 'compliance', 'topology']
/** The bench fills a database, and measures the bare parts beside the server that is built of them. */
const benchSql = [
  'bench/seed.ts',
  'bench/bare.ts',
  'bench/write.ts',
  'bench/growth-seed.ts',
  'bench/scope-seed.ts',
  'bench/compliance-switch.ts',
  'bench/load/provision.ts',
  'bench/load/truth.ts',
]
const benchSocket = 'bench/bare-server.ts'

export function strayTechnology(sources: Source[]): string[] {
  const wrong: string[] = []
  for (const { path, text } of sources) {
    const layer = layerOf(path)
    if (isTest(path) || layer === undefined) continue
    const { code, strings } = mask(text)
    const packages = importsOf({ path, text }).map(({ to }) => to)
    const mayHoldSql = holdsSql.includes(layer) || benchSql.includes(path)
    const statement = strings.find(string => sql.test(string))
    if (!mayHoldSql && statement !== undefined)
      wrong.push(`${path}: SQL is in store, compliance and topology only: ${statement.trim().split('\n')[0]}`)
    if (!mayHoldSql && packages.includes('pg')) wrong.push(`${path}: only what holds SQL imports pg`)
    if (path !== 'src/pool/nats.ts' && packages.some(name => name === 'nats' || name.startsWith('@nats-io/')))
      wrong.push(`${path}: only src/pool/nats.ts imports a NATS client`)
    const maySocket = layer === 'server' || layer === 'client' || path === benchSocket
    if (!maySocket && (packages.includes('ws') || /\bnew\s+WebSocket\b/.test(code)))
      wrong.push(`${path}: only server and client touch a WebSocket`)
    // The bus's own implementations hand on what chat published.
    if (layer !== 'chat' && layer !== 'pool' && /\.publish\(/.test(code)) wrong.push(`${path}: only chat publishes`)
  }
  return wrong
}

const impure =
  /\bDate\.now\b|\bnew\s+Date\(\s*\)|\bset(?:Timeout|Interval|Immediate)\b|\bMath\.random\b|\bperformance\.|\bprocess\.|\bfetch\(|\bcrypto\./

/** The domain and the protocol do no I/O, have no clock and no chance. */
export function impurities(sources: Source[]): string[] {
  const wrong: string[] = []
  for (const { path, text } of sources) {
    const layer = layerOf(path)
    if (isTest(path) || (layer !== 'domain' && layer !== 'protocol')) continue
    const used = impure.exec(mask(text).code)
    if (used) wrong.push(`${path}: ${layer} is pure, and this has ${used[0]}`)
    for (const { to } of importsOf({ path, text }))
      if (to.startsWith('node:')) wrong.push(`${path}: ${layer} is pure, and this imports ${to}`)
  }
  return wrong
}

const maxLines = 400
/** Tables grow with the product and are read by looking up. */
const tables = ['src/protocol/request.ts']

export function longFiles(sources: Source[]): string[] {
  return sources
    .filter(({ path }) => !isTest(path) && !tables.includes(path) && !path.includes('/migrations/'))
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ path, lines }) => `${path} has ${lines} lines, the limit is ${maxLines}: find the two things in it`)
}

const emptyWords = new Set(['manager', 'helper', 'helpers', 'util', 'utils', 'impl', 'common', 'misc'])

export function emptyNames(sources: Source[]): string[] {
  return sources
    .map(({ path }) => path)
    .filter(path =>
      path
        .replace(/([a-z])([A-Z])/g, '$1-$2')
        .toLowerCase()
        .split(/[^a-z]+/)
        .some(word => emptyWords.has(word)),
    )
    .map(path => `${path}: this name says nothing of what is inside`)
}

export function defaultExports(sources: Source[]): string[] {
  return sources
    .filter(
      ({ path, text }) =>
        !path.endsWith('.config.ts') && /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/.test(mask(text).code),
    )
    .map(({ path }) => `${path} has a default export: name it`)
}
