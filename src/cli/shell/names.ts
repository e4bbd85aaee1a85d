import { nameKey } from '../../domain/name.ts'
import { Refusal } from '../../protocol/error.ts'
import { roomUriPattern, uuidPattern } from '../../protocol/ids.ts'
import type { Principal } from '../../protocol/principal.ts'
import type { Result } from '../../protocol/request.ts'
import { Misuse } from './fault.ts'
import { plainName, wildcard } from './values.ts'
import type { Shell } from './verb.ts'

const uuid = new RegExp(uuidPattern)
type CategoryView = Result<'category.list'>['categories'][number]
export type RoomView = Result<'room.get'>

/** The id of a room that was named by its id, its address or, exactly, by its name. */
export async function roomId(shell: Shell, ref: string): Promise<string> {
  if (uuid.test(ref)) return ref.toLowerCase()
  const [, , id] = roomUriPattern.exec(ref) ?? []
  if (id !== undefined) return id.toLowerCase()
  for (let after: string | undefined; ; ) {
    const page = await shell.call<Result<'room.find'>>('room.find', { text: ref, limit: 1000, ...(after && { after }) })
    const found = page.rooms.find(room => nameKey(room.name) === nameKey(ref))
    if (found) return found.id
    after = page.next
    if (after === undefined) break
  }
  throw new Refusal(
    'not_found',
    `There is no room "${ref}", or you may not know of it. Names are taken whole; pchat room get --filter "*${ref}*" finds parts.`,
  )
}

export async function roomOf(shell: Shell, ref: string): Promise<RoomView> {
  return shell.call<RoomView>('room.get', { room: await roomId(shell, ref) })
}

export async function allCategories(shell: Shell): Promise<CategoryView[]> {
  return (await shell.call<Result<'category.list'>>('category.list', {})).categories
}

/** The category that was named by its id or, exactly, by its name. */
export async function categoryOf(shell: Shell, ref: string): Promise<CategoryView> {
  const found = (await allCategories(shell)).find(
    one => one.id === ref.toLowerCase() || nameKey(one.name) === nameKey(ref),
  )
  if (found) return found
  throw new Refusal(
    'not_found',
    `There is no category "${ref}", or you may not know of it. Names are taken whole; pchat category get lists them.`,
  )
}

/** All of one list of a room. */
export async function listOf(
  shell: Shell,
  room: string,
  role: 'member' | 'manager' | 'presenter',
): Promise<Principal[]> {
  const all: Principal[] = []
  for (let after: string | undefined; ; ) {
    const page = await shell.call<Result<'room.members'>>('room.members', {
      room,
      role,
      limit: 1000,
      ...(after && { after }),
    })
    all.push(...page.principals)
    after = page.next
    if (after === undefined) return all
  }
}

/** One principal by its id or account name; undefined where there is none. */
export async function findPrincipal(shell: Shell, ref: string): Promise<Result<'principal.get'> | undefined> {
  try {
    return await shell.call<Result<'principal.get'>>('principal.get', { principal: plainName(ref) })
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not_found') return undefined
    throw error
  }
}

export async function principalOf(shell: Shell, ref: string): Promise<Result<'principal.get'>> {
  const found = await findPrincipal(shell, ref)
  if (found) return found
  throw new Refusal(
    'not_found',
    `There is no user, group, organisational unit or domain "${ref}". Account names are taken whole; pchat user get --filter "${ref}" finds parts.`,
  )
}

const mostFound = 1000

/** Users of a display name with `*` in it, or of exactly this one; whoever has this id or account name comes first. */
export async function principalsLike(shell: Shell, ref: string): Promise<Principal[]> {
  const exact = ref.includes('*') ? undefined : await findPrincipal(shell, ref)
  if (exact) return [exact.principal]
  // The server looks for words that begin so: what stands before the first star narrows it down.
  const text = /^[^*?]*/.exec(ref)![0].trim()
  const { principals } = await shell.call<Result<'principal.find'>>('principal.find', {
    text,
    limit: mostFound,
  })
  if (principals.length === mostFound)
    throw new Misuse(`"${ref}" means more than ${mostFound} people. Name a group, a unit or a domain instead.`)
  const fits = wildcard(ref)
  return principals.filter(one => fits(one.displayName))
}

/** With --as-object lists hold display names: each must mean one principal. */
export async function namesFromDisplay(shell: Shell, names: string[], asObject: boolean): Promise<string[]> {
  if (!asObject) return names
  const found = []
  for (const name of names) {
    const { principals } = await shell.call<Result<'principal.find'>>('principal.find', {
      text: name,
      limit: mostFound,
    })
    const same = principals.filter(one => nameKey(one.displayName) === nameKey(name))
    if (same.length === 0) throw new Refusal('not_found', `Nobody has the display name "${name}".`)
    if (same.length > 1)
      throw new Misuse(
        `The display name "${name}" means ${same.length}: ${same.map(one => one.name).join(', ')}. Give account names without --as-object.`,
      )
    found.push(same[0]!.name)
  }
  return found
}
