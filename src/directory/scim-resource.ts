import SCIMMY from 'scimmy'

/** SCIM's own shapes (RFC 7643) and patches (RFC 7644): what a provider sends, as what is of use here. */

const { User, Group, EnterpriseUser } = SCIMMY.Schemas
User.definition.extend(EnterpriseUser.definition, false)

export const messageIds = {
  list: 'urn:ietf:params:scim:api:messages:2.0:ListResponse',
  patch: 'urn:ietf:params:scim:api:messages:2.0:PatchOp',
  error: 'urn:ietf:params:scim:api:messages:2.0:Error',
} as const

/** A refusal in SCIM's terms; the message is for the provider's log. */
export class ScimFault extends Error {
  override name = 'ScimFault'
  readonly status: number
  readonly scimType: string | undefined
  constructor(status: number, scimType: string | undefined, message: string) {
    super(message)
    this.status = status
    this.scimType = scimType
  }
}

export type Json = { [key: string]: unknown }

/** `body` is all that was sent and is of the schema, without what stands elsewhere here. */
export type ScimUser = {
  userName: string
  displayName: string
  email: string | undefined
  active: boolean
  externalId: string | undefined
  body: Json
}
export type ScimGroup = { displayName: string; externalId: string | undefined; members: string[]; body: Json }

const maxDetail = 300

function toFault(error: unknown): unknown {
  const { name, status, scimType, message } = error as {
    name?: string
    status?: number
    scimType?: string
    message?: string
  }
  if (name === 'SCIMError') return new ScimFault(status ?? 400, scimType, (message ?? '').slice(0, maxDetail))
  // What the library throws of a value that is not of its schema.
  if (error instanceof TypeError) return new ScimFault(400, 'invalidValue', error.message.slice(0, maxDetail))
  return error
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function plain(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}

function parse<Shape extends object>(input: unknown, make: (input: object) => Shape): Json {
  if (!isObject(input)) throw new ScimFault(400, 'invalidSyntax', 'The body is no resource.')
  try {
    return plain(make(input))
  } catch (error) {
    throw toFault(error)
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

export function readUser(input: unknown): ScimUser {
  return toUser(parse(input, body => new User(body as never, 'in')))
}

function toUser(resource: Json): ScimUser {
  // A password is never kept, nor is what we say ourselves.
  const { id: _, meta: __, groups: ___, password: ____, ...body } = resource
  const name = isObject(body.name) ? body.name : {}
  const emails = (Array.isArray(body.emails) ? body.emails : []).filter(isObject)
  const userName = String(body.userName)
  const whole = [name.givenName, name.familyName].map(textOf).filter(part => part !== undefined)
  return {
    userName,
    displayName: textOf(body.displayName) ?? textOf(name.formatted) ?? textOf(whole.join(' ')) ?? userName,
    email: textOf((emails.find(one => one.primary === true) ?? emails[0])?.value),
    active: body.active !== false,
    externalId: textOf(body.externalId),
    body,
  }
}

export function readGroup(input: unknown): ScimGroup {
  return toGroup(parse(input, body => new Group(body as never, 'in')))
}

function toGroup(resource: Json): ScimGroup {
  const { id: _, meta: __, members, ...body } = resource
  const named = (Array.isArray(members) ? members : [])
    .filter(isObject)
    .map(member => String(member.value).toLowerCase())
  return {
    displayName: String(body.displayName),
    externalId: textOf(body.externalId),
    members: [...new Set(named)],
    body,
  }
}

/** `current` is the resource as the provider would read it. Undefined where the patch changes nothing. */
export async function patchUser(current: Json, patch: unknown): Promise<ScimUser | undefined> {
  const patched = await applied(patch, () => new User(current as never, 'inout'))
  return patched && toUser(patched)
}

export async function patchGroup(current: Json, patch: unknown): Promise<ScimGroup | undefined> {
  const patched = await applied(patch, () => new Group(current as never, 'inout'))
  return patched && toGroup(patched)
}

const maxOperations = 1_000

async function applied(patch: unknown, make: () => object): Promise<Json | undefined> {
  if (!isObject(patch) || !Array.isArray(patch.Operations) || patch.Operations.length > maxOperations)
    throw new ScimFault(400, 'invalidSyntax', `The body is no PatchOp of at most ${maxOperations} operations.`)
  try {
    const operations = patch.Operations.flatMap(usual)
    const message = new SCIMMY.Messages.PatchOp({ ...patch, Operations: operations } as never)
    const result = await message.apply(make() as never)
    return result === undefined ? undefined : plain(result)
  } catch (error) {
    throw toFault(error)
  }
}

/** What providers send beside the letter of the standard, and what the library reads in another way than the standard. */
function usual(operation: unknown): unknown[] {
  if (!isObject(operation)) return [operation]
  const { path, value } = operation
  if (typeof path === 'string' && path.toLowerCase() === 'active') return [{ ...operation, value: truth(value) }]
  if (path !== undefined || !isObject(value)) return [operation]
  // Without a path a list is replaced as a whole, not added to.
  const lists = Object.entries(value).filter(([, one]) => Array.isArray(one))
  const rest = Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => !Array.isArray(one))
      .map(([key, one]) => [key, key.toLowerCase() === 'active' ? truth(one) : one]),
  )
  return [
    ...lists.map(([key, one]) => ({ ...operation, path: key, value: one })),
    ...(Object.keys(rest).length > 0 ? [{ ...operation, value: rest }] : []),
  ]
}

function truth(value: unknown): unknown {
  if (typeof value !== 'string') return value
  return /^true$/i.test(value) ? true : /^false$/i.test(value) ? false : value
}

export type ScimFilter = {
  id?: string
  userName?: string
  externalId?: string
  displayName?: string
  active?: boolean
}

/** Comparisons for equality, all of which are to hold: what providers look somebody up with. */
export function readFilter(text: string): ScimFilter {
  const unfit = () =>
    new ScimFault(
      400,
      'invalidFilter',
      'Only eq of id, userName, externalId, displayName and active is taken, joined by and.',
    )
  let parsed: unknown[]
  try {
    parsed = new SCIMMY.Types.Filter(text) as unknown as unknown[]
  } catch (error) {
    throw toFault(error)
  }
  const [only, ...others] = parsed
  if (!isObject(only) || others.length > 0) throw unfit()
  const filter: ScimFilter = {}
  for (const [attribute, comparison] of Object.entries(only)) {
    const [operator, value] = Array.isArray(comparison) && comparison.length === 2 ? (comparison as unknown[]) : []
    const name = attribute.toLowerCase()
    if (operator !== 'eq') throw unfit()
    if (name === 'active' && typeof value === 'boolean') filter.active = value
    else if (typeof value !== 'string') throw unfit()
    else if (name === 'id') filter.id = value
    else if (name === 'username') filter.userName = value
    else if (name === 'externalid') filter.externalId = value
    else if (name === 'displayname') filter.displayName = value
    else throw unfit()
  }
  return filter
}

/** Definitions of the schemas, for a provider that asks. */
export function describeSchemas(base: string): object[] {
  return [User, Group, EnterpriseUser].map(schema => plain(schema.definition.describe(`${base}/Schemas`)))
}

export const schemaIds = {
  user: User.definition.id,
  group: Group.definition.id,
  enterprise: EnterpriseUser.definition.id,
}
