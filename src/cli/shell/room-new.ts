import type { Room } from '../../protocol/room.ts'
import { shown } from './compare.ts'
import { Misuse } from './fault.ts'
import { newLists } from './lists.ts'
import { categoryOf } from './names.ts'
import { type Answer, type Given, onlySaid, type Plan, type Shell } from './verb.ts'

const lists = { members: 'members', managers: 'managers', presenters: 'presenters' }

/** What `pchat room new` would make, with its lists, in one request. */
export async function planNew(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const name = identity ?? options.name
  if (typeof name !== 'string')
    throw new Misuse('The name is missing. Name the room before the options, or with --name.')
  if (options.category === undefined)
    throw new Misuse('--category is missing: every room lies in one. pchat category get lists them.')
  const category = await categoryOf(shell, options.category as string)
  const { description, type, privacy, invitations, addin, disabled } = options
  const given = await newLists(shell, `room ${name}`, options, lists)
  const input = onlySaid({
    category: category.id,
    name,
    description,
    type,
    privacy,
    invitations,
    addin,
    ...given.input,
  })
  const then = `${disabled ? 'disabled, ' : ''}${shown(type ?? 'normal')}, ${shown(privacy ?? 'closed')}, in ${category.name}`
  return {
    changes: [{ what: `room ${name}`, change: 'create', now: '', after: then }, ...given.changes],
    async apply() {
      const { room } = await shell.call<{ room: Room }>('room.create', input)
      if (!disabled) return created(room)
      return created((await shell.call<{ room: Room }>('room.update', { room: room.id, disabled: true })).room)
    },
  }
}

function created(room: Room): Answer {
  return { value: { room }, lines: [room.id] }
}
