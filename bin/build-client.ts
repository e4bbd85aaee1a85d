// Run by npm before packing: the client library as JavaScript with types that need no other package.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { events } from '../src/protocol/event.ts'
import { verbs } from '../src/protocol/request.ts'
import { ownText, type Schema, typeText } from './type-text.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const dist = `${root}src/client/dist/`
/** Modules of src/protocol that define schemas. At run time the client needs none of them, its types need what they say. */
const schemaModules = readdirSync(`${root}src/protocol`)
  .map(name => name.replace(/\.ts$/, ''))
  .filter(name => !['error', 'version', 'csv'].includes(name) && !name.endsWith('.test'))

rmSync(dist, { recursive: true, force: true })
execFileSync(`${root}node_modules/.bin/tsc`, ['-p', `${root}src/client/tsconfig.build.json`], { stdio: 'inherit' })
for (const name of schemaModules) rmSync(`${dist}protocol/${name}.js`, { force: true })
for (const name of schemaModules.filter(each => existsSync(`${dist}protocol/${each}.d.ts`)))
  writeFileSync(`${dist}protocol/${name}.d.ts`, "export * from './schema.js'\n")
writeFileSync(`${dist}protocol/schema.d.ts`, await schemaTypes())
for (const folder of ['client', 'protocol']) rewriteImports(`${dist}${folder}/`)
copyFileSync(`${root}LICENSE`, `${root}src/client/LICENSE`)

async function schemaTypes(): Promise<string> {
  const modules: Record<string, unknown>[] = await Promise.all(
    schemaModules.map(name => import(`../src/protocol/${name}.ts`)),
  )
  const schemas = modules.flatMap(module => Object.entries(module)).filter(isNamedType)
  const names = new Map(schemas.map(([name, schema]) => [JSON.stringify(schema), name]))
  const declared = schemas.map(([name, schema]) => `export type ${name} = ${ownText(schema, names)}`)
  return [...declared, verbTypes(names), eventTypes(names), ''].join('\n\n')
}

/** Schemas have a capital letter; plain strings and numbers say more by what they are than by a name. */
function isNamedType(entry: [string, unknown]): entry is [string, Schema] {
  const [name, schema] = entry
  const isSchema = /^[A-Z]/.test(name) && typeof schema === 'object' && schema !== null
  return isSchema && ('properties' in schema || 'anyOf' in schema)
}

function verbTypes(names: ReadonlyMap<string, string>): string {
  const members = Object.entries(verbs).map(([verb, { summary, input, result }]) => {
    const text = `{ input: ${typeText(input as Schema, names)}; result: ${typeText(result as Schema, names)} }`
    return `  /** ${summary} */\n  '${verb}': ${text}`
  })
  return [
    `export type Verbs = {\n${members.join('\n')}\n}`,
    'export type Verb = keyof Verbs',
    "export type Input<V extends Verb> = Verbs[V]['input']",
    "export type Result<V extends Verb> = Verbs[V]['result']",
  ].join('\n')
}

function eventTypes(names: ReadonlyMap<string, string>): string {
  const members = Object.entries(events).map(([name, event]) => `  '${name}': ${typeText(event as Schema, names)}`)
  return [
    `export type Events = {\n${members.join('\n')}\n}`,
    'export type EventName = keyof Events',
    'export type EventOf<Name extends EventName> = Events[Name]',
    'export type Event = Events[EventName]',
  ].join('\n')
}

/** The compiler writes .js into JavaScript only; older ones that read the types do not know .ts there. */
function rewriteImports(folder: string): void {
  for (const name of readdirSync(folder).filter(each => each.endsWith('.d.ts'))) {
    const text = readFileSync(folder + name, 'utf8')
    writeFileSync(folder + name, text.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"))
  }
}
