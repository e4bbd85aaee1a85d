import { nameKey } from '../../domain/name.ts'
import type { Principal } from '../../protocol/principal.ts'
import { Misuse } from './fault.ts'
import { namesFromDisplay, principalOf } from './names.ts'
import { list } from './values.ts'
import { type Change, camel, type Shell, type ShellOption, type Values } from './verb.ts'

export const listAbout = `Lists are set whole (--members a,b), or changed by --members-add and --members-remove, or emptied by --members-none. Names
stand with commas between them (a comma of a name is written \\,), an option may be given again, and @FILE reads one name a line.
Of PowerShell: @{Add="a","b"} is --members-add a,b; @{Remove="a"} is --members-remove a; $Null is --members-none, and for the
members of a room --members-all.`

/** What may be said of one list: set whole, add, remove, empty it; for a room's members everyone in scope, too. */
export function listOptions(name: string, text: string, everyone?: string): ShellOption[] {
  return [
    list(name, `${text}, as the whole list`),
    list(`${name}-add`, `add to the ${name.replaceAll('-', ' ')}`),
    list(`${name}-remove`, `take from the ${name.replaceAll('-', ' ')}`),
    { name: `${name}-none`, text: 'empty the list' },
    ...(everyone === undefined ? [] : [{ name: `${name}-all`, text: everyone }]),
  ]
}

/** Of something new, which has no list to change yet. */
export function newListOptions(name: string, text: string, everyone?: string): ShellOption[] {
  return listOptions(name, text, everyone).filter(one => one.name === name || one.name === `${name}-all`)
}

/** The lists that something new is made with, and what --what-if says of them. Each name is looked up before anything is done. */
export async function newLists(shell: Shell, what: string, options: Values, members: Record<string, string>) {
  const input: Record<string, ListWish> = {}
  const changes: Change[] = []
  for (const [member, name] of Object.entries(members)) {
    const wish = await listWish(shell, options, name)
    if (wish === undefined) continue
    changes.push(...(await compareList(shell, what, name, [], wish)))
    input[member] = wish
  }
  // One that is too long is told so.
  slices(input)
  return { input, changes }
}

/** The list as it is to be, or what changes of it. Null: everyone in scope. */
export type ListWish = string[] | null | { add: string[]; remove: string[] }

/** Undefined where nothing was said of the list. */
export async function listWish(
  shell: Shell,
  options: Values,
  name: string,
  asObject = false,
): Promise<ListWish | undefined> {
  const said = (suffix: string) => options[camel(`${name}${suffix}`)]
  const read = (suffix: string) => namesFromDisplay(shell, (said(suffix) ?? []) as string[], asObject)
  const ways = [said(''), said('-none'), said('-all'), said('-add') ?? said('-remove')].filter(way => way !== undefined)
  if (ways.length > 1)
    throw new Misuse(
      `--${name} sets the whole list, --${name}-add and --${name}-remove change it. Give one of the ways.`,
    )
  if (said('-none')) return []
  if (said('-all')) return null
  if (said('') !== undefined) return read('')
  if (ways.length === 0) return undefined
  return { add: await read('-add'), remove: await read('-remove') }
}

/** What a wish does to a list as it is now. Each who would be new is looked up, so that a wrong name is told before anything is done. */
export async function compareList(
  shell: Shell,
  what: string,
  name: string,
  now: Principal[] | null,
  wish: ListWish,
): Promise<Change[]> {
  const standing = new Map(
    (now ?? []).flatMap(one => [
      [one.id, one],
      [nameKey(one.name), one],
    ]),
  )
  const has = (ref: string) => standing.get(ref.toLowerCase()) ?? standing.get(nameKey(ref))
  const changes: Change[] = []
  if (wish === null) {
    if (now !== null) changes.push({ what, change: name, now: countOf(now), after: 'everyone in scope' })
    return changes
  }
  const wanted = new Set(Array.isArray(wish) ? wish : wish.add)
  const stays = new Set<string>()
  if (now === null && Array.isArray(wish))
    changes.push({ what, change: name, now: 'everyone in scope', after: wish.length === 0 ? 'nobody' : 'this list' })
  for (const ref of wanted) {
    const there = has(ref)
    if (there) stays.add(there.id)
    else changes.push({ what, change: `${name}, add`, now: '', after: (await principalOf(shell, ref)).principal.name })
  }
  const leaving = Array.isArray(wish)
    ? (now ?? []).filter(one => !stays.has(one.id))
    : wish.remove.flatMap(ref => has(ref) ?? [])
  for (const one of leaving) changes.push({ what, change: `${name}, remove`, now: one.name, after: '' })
  return changes
}

function countOf(list: Principal[]): string {
  return list.length === 0
    ? 'nobody'
    : list.length <= 3
      ? list.map(one => one.name).join(', ')
      : `${list.length} entries`
}

/** As many as one request takes. */
const mostRefs = 10_000

/**
 * The changes as one request takes them: long ones in several, each member of the input by itself. A whole list is one request.
 */
export function slices(wishes: Record<string, ListWish>): Record<string, unknown>[] {
  const first: Record<string, unknown> = {}
  const more: Record<string, unknown>[] = []
  for (const [member, wish] of Object.entries(wishes)) {
    if (wish === null || Array.isArray(wish)) {
      if (wish && wish.length > mostRefs)
        throw new Misuse(`A whole list has at most ${mostRefs} names. Add the others with --${member}-add @FILE.`)
      first[member] = wish
      continue
    }
    const { add, remove } = wish
    first[member] = { add: add.slice(0, mostRefs), remove: remove.slice(0, mostRefs) }
    for (let at = mostRefs; at < Math.max(add.length, remove.length); at += mostRefs)
      more.push({ [member]: { add: add.slice(at, at + mostRefs), remove: remove.slice(at, at + mostRefs) } })
  }
  return [first, ...more]
}
