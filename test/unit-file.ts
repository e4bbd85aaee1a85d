/** A unit file as systemd reads it (systemd.syntax, systemd.exec), as far as ours go; to start by it what it starts. */
export type Unit = { get(name: string): string[]; all: [string, string][] }

export function readUnit(text: string): Unit {
  // A line that ends in a backslash goes on.
  const lines = text.replaceAll(/\\\n/g, ' ').split('\n')
  const all = lines
    .filter(line => !/^\s*([#;[]|$)/.test(line))
    .map((line): [string, string] => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1).trim()]
    })
  return { all, get: name => all.filter(([each]) => each === name).map(([, value]) => value) }
}

/** Words between blanks, in quotes or not; a backslash in quotes takes the next letter as it is. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/gs)].map(([, quoted, bare]) =>
    quoted === undefined ? bare! : quoted.replaceAll(/\\(.)/gs, '$1'),
  )
}

/** `%d` is the folder of the credentials, `%%` is %. */
export function withSpecifiers(text: string, credentials: string): string {
  return text.replaceAll(/%(.)/g, (whole, letter) => {
    if (letter === '%') return '%'
    if (letter === 'd') return credentials
    throw new Error(`${whole} is no specifier of ours`)
  })
}

/** The command as it is started: words first, then specifiers, then variables. */
export function commandOf(unit: Unit, credentials: string): string[] {
  return wordsOf(unit.get('ExecStart')[0]!).map(word => {
    if (/(?<!\$)(\$\$)*\$(?!\$)/.test(word)) throw new Error(`${word} names a variable`)
    return withSpecifiers(word, credentials).replaceAll('$$', '$')
  })
}

/** Name and file of each credential. */
export function credentialsOf(unit: Unit): { name: string; file: string }[] {
  return unit.get('LoadCredential').map(value => {
    const at = value.indexOf(':')
    return { name: value.slice(0, at), file: withSpecifiers(value.slice(at + 1), '') }
  })
}

export function environmentOf(unit: Unit, credentials: string): Record<string, string> {
  const words = unit.get('Environment').flatMap(value => wordsOf(value))
  return Object.fromEntries(
    words.map(word => {
      const at = word.indexOf('=')
      return [word.slice(0, at), withSpecifiers(word.slice(at + 1), credentials)]
    }),
  )
}
