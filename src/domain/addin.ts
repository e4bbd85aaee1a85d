import { Refusal } from '../protocol/error.ts'
import { uuidPattern } from '../protocol/ids.ts'
import { checkedName, codePoints } from './name.ts'

const maxNameCodePoints = 50
const maxUrlCodePoints = 255
const uuid = new RegExp(uuidPattern)

/** Name of an add-in: as names are, and short. */
export function checkedAddinName(name: string): string {
  const clean = checkedName('name', name)
  if (codePoints(clean) > maxNameCodePoints)
    throw new Refusal('invalid_argument', `name is longer than ${maxNameCodePoints} characters. Shorten it.`)
  // Add-ins are named by either.
  if (uuid.test(clean)) throw new Refusal('invalid_argument', 'name reads like an id. Choose another.')
  return clean
}

/** Address of an add-in's page, as it was given. */
export function checkedAddinUrl(url: string): string {
  const clean = url.trim()
  if (codePoints(clean) > maxUrlCodePoints)
    throw new Refusal('invalid_argument', `url is longer than ${maxUrlCodePoints} characters. Shorten it.`)
  const parsed = URL.parse(clean)
  // A parser drops line breaks and such silently: what is shown would not be what is opened.
  if (!parsed || !/^https?:$/.test(parsed.protocol) || /[\s\p{Cc}]/u.test(clean))
    throw new Refusal('invalid_argument', 'url is no http or https address. Give one such as https://example.com/page.')
  // Browsers do not open such a page within another, and everybody in the room would read them.
  if (parsed.username !== '' || parsed.password !== '')
    throw new Refusal('invalid_argument', 'url holds a name or password. Leave them out.')
  return clean
}
