import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Source files as text, for tests that read the repository instead of running it. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** `path` is relative to the repository, with slashes. */
export type Source = { path: string; text: string }

const notOurs = new Set(['node_modules', 'dist', 'data', 'coverage', '.git', '.cache', 'test-results'])

/** Files below the given folders or of the given names whose path matches. */
export function readSources(within: string[], pattern: RegExp): Source[] {
  const found: Source[] = []
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && !notOurs.has(entry.name)) walk(path)
      else if (entry.isFile() && pattern.test(path)) found.push({ path, text: readFileSync(join(root, path), 'utf8') })
    }
  }
  for (const folder of within) walk(folder)
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Tests and what only tests use: they may reach everywhere. */
export function isTest(path: string): boolean {
  return /\.(test|contract)\.tsx?$/.test(path) || path.startsWith('test/') || path.startsWith('web/test/')
}

/**
 * TypeScript or TSX without comments; the n-th string or template stands as `"§n"`, what is within `${}` behind it. Written for
 * code that the formatter has seen: a quote that its line does not close is text of JSX, not a string.
 */
export type Masked = { code: string; strings: string[] }

const beforeRegex =
  /(?:^|[([{,;=:?!&|+\-*%~^]|=>|\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield))$/

export function mask(text: string): Masked {
  const strings: string[] = []
  let code = ''
  let at = 0

  function regexEnd(): number | undefined {
    if (!beforeRegex.test(code.trimEnd().slice(-12))) return undefined
    let inClass = false
    for (let i = at + 1; i < text.length && text[i] !== '\n'; i += 1) {
      const c = text[i]
      if (c === '\\') i += 1
      else if (c === '[') inClass = true
      else if (c === ']') inClass = false
      else if (c === '/' && !inClass) return i + 1
    }
    return undefined
  }

  /** Reads a template from its backtick; what stands within `${}` is read by `read` and comes after the template. */
  function template(): void {
    const index = strings.push('') - 1
    let content = ''
    code += `"§${index}"`
    at += 1
    while (at < text.length && text[at] !== '`') {
      if (text[at] === '\\') {
        content += text.slice(at, at + 2)
        at += 2
      } else if (text.startsWith('${', at)) {
        content += ' ? '
        at += 2
        code += '('
        read('}')
        code += ')'
      } else content += text[at++]
    }
    at += 1
    strings[index] = content
  }

  function read(until: '}' | undefined): void {
    let depth = 0
    while (at < text.length) {
      const c = text[at]!
      if (until !== undefined && c === until && depth === 0) {
        at += 1
        return
      }
      if (c === '{') depth += 1
      if (c === '}') depth -= 1
      if (text.startsWith('//', at) && text[at - 1] !== ':') {
        const end = text.indexOf('\n', at)
        at = end < 0 ? text.length : end
      } else if (text.startsWith('/*', at)) {
        const end = text.indexOf('*/', at)
        at = end < 0 ? text.length : end + 2
        code += ' '
      } else if (c === "'" || c === '"') {
        const closed = new RegExp(`^${c}((?:[^${c}\\\\\\n]|\\\\.)*)${c}`).exec(text.slice(at, at + 20_000))
        if (closed) {
          code += `"§${strings.push(closed[1]!) - 1}"`
          at += closed[0].length
        } else at += 1
      } else if (c === '`') template()
      else {
        const end = c === '/' ? regexEnd() : undefined
        if (end === undefined) {
          code += c
          at += 1
        } else {
          code += '/§/'
          at = end
        }
      }
    }
  }

  read(undefined)
  return { code, strings }
}

/** `type` leaves no trace at run time; `url` is a file handed to a worker or a process. */
export type Import = { to: string; kind: 'value' | 'type' | 'url' }

const importForms = [
  // import x from, import { x } from, import * as x from, import type …, import 'x'
  /\bimport\s+(?<type>type\s+(?!from\b))?(?:[\w$\s{},*]+?\bfrom\s*)?"§(?<string>\d+)"/g,
  // export * from, export * as x from, export { x } from, export type …
  /\bexport\s+(?<type>type\s+)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})\s*from\s*"§(?<string>\d+)"/g,
  // import('x'); `typeof import('x')` and `import('x').Name` are types
  /(?<type>\btypeof\s+)?\bimport\s*\(\s*"§(?<string>\d+)"[^)]*\)(?<member>\s*\.\s*[A-Z])?/g,
]
const urlForm = /\bnew\s+URL\(\s*"§(?<string>\d+)"\s*,\s*import\.meta\.url\s*\)/g

/** All imports of a file; those of our own files as paths of the repository, packages by name. */
export function importsOf({ path, text }: Source): Import[] {
  const { code, strings } = mask(text)
  const found: Import[] = []
  const add = (specifier: string, kind: Import['kind']) => found.push({ to: resolveImport(path, specifier), kind })
  for (const form of importForms) {
    for (const { groups } of code.matchAll(form))
      add(strings[Number(groups!.string)]!, groups!.type || groups!.member ? 'type' : 'value')
  }
  for (const { groups } of code.matchAll(urlForm)) {
    const specifier = strings[Number(groups!.string)]!
    if (/\.tsx?$/.test(specifier)) add(specifier, 'url')
  }
  return found
}

function resolveImport(from: string, specifier: string): string {
  if (specifier === 'pchat-client' || specifier.startsWith('pchat-client/'))
    return specifier.replace('pchat-client', 'src/client')
  if (!specifier.startsWith('.')) return specifier
  return posix.normalize(posix.join(posix.dirname(from), specifier))
}
