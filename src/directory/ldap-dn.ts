import { nameKey } from '../domain/name.ts'

/** Numbers and long names that stand for the usual short ones. */
const shortNames: Record<string, string> = {
  '2.5.4.3': 'cn',
  '2.5.4.4': 'sn',
  '2.5.4.6': 'c',
  '2.5.4.7': 'l',
  '2.5.4.8': 'st',
  '2.5.4.9': 'street',
  '2.5.4.10': 'o',
  '2.5.4.11': 'ou',
  '0.9.2342.19200300.100.1.1': 'uid',
  '0.9.2342.19200300.100.1.25': 'dc',
  commonname: 'cn',
  surname: 'sn',
  countryname: 'c',
  localityname: 'l',
  stateorprovincename: 'st',
  organizationname: 'o',
  organizationalunitname: 'ou',
  userid: 'uid',
  domaincomponent: 'dc',
}
const shortNameOf = new Map(Object.entries(shortNames))

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * A distinguished name so that equal names are equal strings, or undefined where it is none: types and values without case and
 * needless space, parts of a part in order, and what is special inside a value as `\` and two hexadecimal digits. So a comma
 * always parts, and what stands after the first one is the name of the parent.
 */
export function foldDn(dn: string): string | undefined {
  if (dn.trim() === '') return ''
  const parts: string[] = []
  let pairs: string[] = []
  let at = 0
  while (true) {
    const type = /^\s*([A-Za-z][\w-]*|(?:[Oo][Ii][Dd]\.)?\d+(?:\.\d+)*)\s*=\s*/.exec(dn.slice(at, at + 200))
    if (!type) return undefined
    const value = readValue(dn, at + type[0].length)
    if (!value) return undefined
    const name = type[1]!.toLowerCase().replace(/^oid\./, '')
    pairs.push(`${shortNameOf.get(name) ?? name}=${value.folded}`)
    at = value.end + 1
    const sign = dn[value.end]
    if (sign === '+') continue
    parts.push(pairs.sort().join('+'))
    pairs = []
    if (sign === undefined) return parts.join(',')
  }
}

/** What a folded name lies in; undefined for the outermost part. */
export function parentDn(folded: string): string | undefined {
  const comma = folded.indexOf(',')
  return comma < 0 ? undefined : folded.slice(comma + 1)
}

/** Whether one folded name lies below another, at any depth. */
export function isBelow(folded: string, above: string): boolean {
  return above === '' ? folded !== '' : folded.endsWith(`,${above}`)
}

/** The value that begins at `start`, folded, and where its end is: at a comma, a plus or behind the string. */
function readValue(dn: string, start: number): { folded: string; end: number } | undefined {
  const quoted = dn[start] === '"'
  let at = quoted ? start + 1 : start
  let value = ''
  while (at < dn.length && (quoted ? dn[at] !== '"' : !/[,+;]/.test(dn[at]!))) {
    if (dn[at] !== '\\') {
      value += dn[at]
      at += 1
      continue
    }
    const bytes = /^(?:\\[0-9a-f]{2})+/i.exec(dn.slice(at, at + 3 * 1024))?.[0]
    if (bytes !== undefined) {
      try {
        value += utf8.decode(Buffer.from(bytes.replaceAll('\\', ''), 'hex'))
      } catch {
        return undefined
      }
      at += bytes.length
    } else if (at + 1 < dn.length) {
      value += dn[at + 1]
      at += 2
    } else return undefined
  }
  if (quoted) {
    const rest = /^"\s*/.exec(dn.slice(at))
    if (!rest) return undefined
    at += rest[0].length
    if (at < dn.length && !/[,+;]/.test(dn[at]!)) return undefined
  }
  return { folded: foldValue(value), end: at }
}

/** As directories compare: compatible characters are one, and so are case and runs of space. */
function foldValue(value: string): string {
  return nameKey(value.normalize('NFKC').replace(/\s+/gu, ' ')).replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not stand there
    /[\u0000-\u001f\u007f\\,+;"<>=]|^#/g,
    one => `\\${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
