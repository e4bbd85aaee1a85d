import { Refusal } from '../../protocol/error.ts'
import type { Principal } from '../../protocol/principal.ts'
import type { Result } from '../../protocol/request.ts'
import type { Room } from '../../protocol/room.ts'
import { addinOf } from './addin-verbs.ts'
import { differing, identityIn, instanceOption, readInstance, shown, stay } from './compare.ts'
import { Misuse } from './fault.ts'
import { compareList, type ListWish, listAbout, listOptions, listWish, newListOptions, slices } from './lists.ts'
import { categoryOf, listOf, principalOf, type RoomView, roomOf } from './names.ts'
import { planNew } from './room-new.ts'
import { tableLines } from './table.ts'
import { choice, flag, instant, whole } from './values.ts'
import {
  type Answer,
  type Change,
  type Given,
  onlySaid,
  type Plan,
  type Shell,
  type ShellVerb,
  type Values,
} from './verb.ts'

const roomArgument = { name: 'room', text: 'name, id or address (ma-chan://…) of the room', required: true }
const description = { name: 'description', value: '<text>', text: 'at most 256 characters; empty unless said' }
const type = choice('type', 'normal: every member posts; auditorium: only presenters do', ['normal', 'auditorium'])
const privacy = choice('privacy', 'open: everyone in scope reads; closed: members; secret: and only they know of it', [
  'open',
  'closed',
  'secret',
])
const invitations = choice('invitations', 'inherit: as the category has it; off: none', ['inherit', 'off'], {
  false: 'off',
})
const addin = {
  name: 'addin',
  value: '<addin>',
  text: 'name or id of a registered add-in, shown beside the conversation',
}
const addinNone = { name: 'addin-none', text: 'no add-in' }

const asObject = flag('as-object', 'lists hold display names instead of account names')
const disabled = flag('disabled', 'disabled rooms cannot be entered or found; what is in them is kept')

export const roomVerbs: ShellVerb[] = [
  {
    path: ['room', 'new'],
    text: 'create a room',
    about: `Type normal, privacy closed and invitations inherit unless said. Lists are empty unless said; pchat room set changes them. Who is on
them must be in the scope of the category: users, groups, organisational units, domains. Whoever creates it becomes a manager where
the category's scope has him. Names are unique among rooms and categories, at most 256 characters.`,
    argument: { name: 'name', text: 'name of the new room', required: false },
    options: [
      { name: 'name', value: '<name>', text: 'the same as the argument' },
      { name: 'category', value: '<category>', text: 'name or id of the category that it lies in' },
      ...[description, type, privacy, invitations, addin, disabled],
      ...newListOptions('members', 'who may read', 'everyone in the scope of the category'),
      ...newListOptions('managers', 'who may change the room'),
      ...newListOptions('presenters', 'who may post in an auditorium; they must be members, too'),
    ],
    cmdlet: 'New-CsPersistentChatRoom',
    examples: [
      'pchat room new "FX desk" --category Trading --description "Spot and forwards"',
      'pchat room new Briefing --category Trading --type auditorium --privacy secret --members Traders --presenters ann@example.com',
    ],
    plan: planNew,
  },
  {
    path: ['room', 'set'],
    text: 'change, move, disable or re-enable a room, and its lists',
    about: `${listAbout}
Members, managers and presenters are users, groups, organisational units and domains in the scope of the category. Moving a room takes
out of its lists whom the new category does not allow; that is asked first. Only administrators re-enable.`,
    argument: roomArgument,
    options: [
      instanceOption,
      { name: 'name', value: '<name>', text: 'a new name; the address of the room stays' },
      { name: 'category', value: '<category>', text: 'name or id of the category that it moves to' },
      ...[description, type, privacy, invitations, addin, addinNone, disabled],
      ...listOptions('members', 'who may read', 'everyone in the scope of the category'),
      ...listOptions('managers', 'who may change the room'),
      ...listOptions('presenters', 'who may post in an auditorium; they must be members, too'),
      asObject,
    ],
    cmdlet: 'Set-CsPersistentChatRoom',
    examples: [
      'pchat room set "FX desk" --members-add ann@example.com,Traders --managers ann@example.com',
      'pchat room set "FX desk" --category Archive --disabled --what-if',
    ],
    destroys: true,
    plan: planSet,
  },
  {
    path: ['room', 'get'],
    text: 'show a room, or the rooms that fit',
    about: `With a name: this room and its lists. Without: all that fit every condition, by name. In --filter * stands for any characters and
? for one, whatever the case. --result-size 0 answers nothing; without it all rooms are shown.`,
    argument: { ...roomArgument, required: false },
    options: [
      { name: 'category', value: '<category>', text: 'name or id of the category' },
      { name: 'filter', value: '<pattern>', text: 'pattern of the name, such as "FX*"' },
      { name: 'search-description', text: 'the pattern may fit the description as well' },
      { name: 'member', value: '<name>', text: 'on whose list of members this user, group, unit or domain stands' },
      { name: 'manager', value: '<name>', text: 'on whose list of managers it stands' },
      { name: 'addin', value: '<addin>', text: 'name or id of the add-in' },
      flag('disabled', 'disabled ones only, or with false none of them'),
      ...[privacy, type, invitations],
      whole('chat-content-exceeds-mb', 'whose messages take more than so many MB', 0, 2 ** 31 - 1),
      whole('result-size', 'at most so many, 0 to 2147483647', 0, 2 ** 31 - 1),
      asObject,
    ],
    cmdlet: 'Get-CsPersistentChatRoom',
    examples: ['pchat room get "FX desk"', 'pchat room get --filter "FX*" --privacy secret --json'],
    get: getRooms,
  },
  {
    path: ['room', 'remove'],
    text: 'delete a room and all that is in it',
    about: 'It cannot be undone. Disable a room to keep what is in it.',
    argument: roomArgument,
    options: [instanceOption],
    cmdlet: 'Remove-CsPersistentChatRoom',
    examples: ['pchat room remove "FX desk"', 'pchat room remove "FX desk" --confirm'],
    destroys: true,
    plan: planRemove,
  },
  {
    path: ['room', 'clear'],
    text: 'take out what was posted up to a date, and the files with it',
    about: 'It cannot be undone. A day alone means the whole of it, where the shell runs.',
    argument: roomArgument,
    options: [instanceOption, instant('end-date', 'the last moment that is cleared; must be given', 'end')],
    cmdlet: 'Clear-CsPersistentChatRoom',
    examples: [
      'pchat room clear "FX desk" --end-date 2026-06-30 --what-if',
      'pchat room clear "FX desk" --end-date 2026-06-30T22:00:00Z --confirm',
    ],
    destroys: true,
    plan: planClear,
  },
]

const lists = ['members', 'managers', 'presenters'] as const
const scalars = ['name', 'description', 'type', 'privacy', 'invitations', 'disabled'] as const

async function planSet(shell: Shell, given: Given): Promise<Plan> {
  const { options } = given
  const instance = await readInstance(given, shell.io)
  const view = await roomOf(shell, identityIn(given, instance))
  const { room } = view
  const what = `room ${room.name}`
  const wished = (name: string) => options[name] ?? instance?.[name]
  const { input, changes } = differing(what, room, Object.fromEntries(scalars.map(name => [name, wished(name)])))
  addAddin(what, view, options, input, changes)
  const purge = await addMove(shell, view, wished('category') as string | undefined, input, changes)
  const wishes: Record<string, ListWish> = {}
  for (const name of lists) {
    const said = await listWish(shell, options, name, options.asObject === true)
    // Null is a wish, too.
    const wish = said === undefined ? listOfInstance(instance, name) : said
    if (wish === undefined) continue
    const now = name === 'members' && view.members === null ? null : await listOf(shell, room.id, roleOf(name))
    const differences = await compareList(shell, what, name, now, wish)
    if (differences.length > 0) wishes[name] = wish
    changes.push(...differences)
  }
  return {
    changes,
    destroys: purge,
    async apply() {
      if (changes.length === 0) return { value: { room } }
      let changed = room
      // What was shown before the question is what is done: not where somebody changed the room meanwhile.
      let guard: Values = purge === undefined ? {} : { ifVersion: room.version }
      for (const slice of slices(wishes)) {
        changed = (await shell.call<{ room: Room }>('room.update', { room: room.id, ...guard, ...input, ...slice }))
          .room
        guard = {}
      }
      return { value: { room: changed } }
    },
  }
}

function roleOf(name: (typeof lists)[number]): 'member' | 'manager' | 'presenter' {
  return name.slice(0, -1) as 'member'
}

/** A list of an instance is all of it only where it is not the first page of a longer one. */
function listOfInstance(instance: Values | undefined, name: (typeof lists)[number]): ListWish | undefined {
  const list = instance?.[name] as (Principal | string)[] | null | undefined
  if (list === undefined || list === null) return list
  const { counts } = instance as { counts?: Record<string, number> }
  if ((counts?.[name] ?? list.length) > list.length) return undefined
  return list.map(one => (typeof one === 'string' ? one : one.id))
}

type WithAddin = { addin?: { id: string; name: string } }

function addAddin(what: string, { room }: RoomView, options: Values, input: Values, changes: Change[]): void {
  const { addin, addinNone } = options as { addin?: string; addinNone?: boolean }
  if (addin !== undefined && addinNone)
    throw new Misuse('--addin names one, and --addin-none takes it away. Give one of the two.')
  const now = (room as WithAddin).addin
  if (addinNone && now) input.addin = null
  if (addin !== undefined && addin !== now?.id && addin !== now?.name) input.addin = addin
  if ('addin' in input) changes.push({ what, change: 'addin', now: shown(now), after: shown(input.addin) })
}

type Purge = { purged: Record<string, Principal[]>; counts: Record<string, number> }

/** Answers what the move would take out of the lists, as a sentence, if anything. */
async function addMove(
  shell: Shell,
  { room }: RoomView,
  ref: string | undefined,
  input: Values,
  changes: Change[],
): Promise<string | undefined> {
  if (ref === undefined) return undefined
  const target = await categoryOf(shell, ref)
  if (target.id === room.category) return undefined
  input.category = target.id
  const what = `room ${room.name}`
  changes.push({ what, change: 'category', now: room.categoryName, after: target.name })
  const { purged, counts } = await shell.call<Purge>('room.previewMove', { room: room.id, category: target.id })
  for (const [list, who] of Object.entries(purged)) {
    for (const one of who) changes.push({ what, change: `${list}, remove`, now: one.name, after: '' })
    const more = (counts[list] ?? who.length) - who.length
    if (more > 0) changes.push({ what, change: `${list}, remove`, now: `${more} more`, after: '' })
  }
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return all === 0
    ? undefined
    : `${target.name} does not allow ${all} of the entries: they go, and moving back does not bring them again.`
}

async function getRooms(shell: Shell, { identity, options }: Given): Promise<Answer> {
  const asObject = options.asObject === true
  if (identity !== undefined)
    return { value: await wholeRoom(shell, identity), ...(await roomLines(shell, identity, asObject)) }
  const { filter, searchDescription, privacy, type, invitations, chatContentExceedsMb, resultSize } = options
  const member = options.member as string | undefined
  const manager = options.manager as string | undefined
  const input = onlySaid({
    filter,
    searchDescription,
    privacy,
    type,
    invitations,
    disabled: options.disabled,
    category: options.category === undefined ? undefined : (await categoryOf(shell, options.category as string)).id,
    member: member === undefined ? undefined : (await principalOf(shell, member)).principal.id,
    manager: manager === undefined ? undefined : (await principalOf(shell, manager)).principal.id,
    contentExceedsBytes:
      chatContentExceedsMb === undefined ? undefined : (chatContentExceedsMb as number) * 1024 * 1024,
  })
  const most = (resultSize as number | undefined) ?? Number.POSITIVE_INFINITY
  const addin = options.addin === undefined ? undefined : await addinOf(shell, options.addin as string)
  const rooms = await listedRooms(shell, input, most, addin)
  return { value: { rooms }, lines: roomTable(rooms) }
}

type ListedRoom = {
  room: Room
  categoryName: string
  contentBytes: number
  messages: number
  members: number | null
  managers: number
}

/** The add-in is compared here: there are few of them, and the server has no index by it. */
async function listedRooms(shell: Shell, input: Values, most: number, addin?: { id: string }): Promise<ListedRoom[]> {
  const rooms: ListedRoom[] = []
  for (let after: string | undefined; rooms.length < most; ) {
    const limit = addin ? 1000 : Math.min(1000, most - rooms.length)
    const page = await shell.call<{ rooms: ListedRoom[]; next?: string }>('room.list', {
      ...input,
      limit,
      ...(after && { after }),
    })
    rooms.push(...page.rooms.filter(one => !addin || (one.room as WithAddin).addin?.id === addin.id))
    after = page.next
    if (after === undefined) break
  }
  return rooms.slice(0, most)
}

function roomTable(rooms: ListedRoom[]): string[] {
  if (rooms.length === 0) return []
  return tableLines([
    ['ROOM', 'CATEGORY', 'TYPE', 'PRIVACY', 'STATE', 'MEMBERS', 'MANAGERS', 'MESSAGES', 'MB'],
    ...rooms.map(({ room, categoryName, members, managers, messages, contentBytes }) => [
      ...[room.name, categoryName ?? room.categoryName, room.type, room.privacy, room.disabled ? 'disabled' : ''],
      ...[members === null ? 'everyone in scope' : `${members}`, `${managers}`, `${messages}`],
      (contentBytes / 1024 / 1024).toFixed(1),
    ]),
  ])
}

/** With whole lists, so that an edited copy can be given back with --instance. */
async function wholeRoom(shell: Shell, ref: string): Promise<object> {
  const view = await roomOf(shell, ref)
  const { counts } = view
  if (!counts) return view
  const whole: Values = { ...view }
  for (const name of lists)
    if (view[name] && counts[name] > view[name].length) whole[name] = await listOf(shell, view.room.id, roleOf(name))
  return whole
}

async function roomLines(shell: Shell, ref: string, asObject: boolean): Promise<{ lines: string[] }> {
  const view = (await wholeRoom(shell, ref)) as RoomView
  const { room, members, managers, presenters } = view
  const names = (list: Principal[] | null | undefined) =>
    list === null
      ? 'everyone in scope'
      : (list ?? []).map(one => (asObject ? one.displayName : one.name)).join(', ') || '-'
  return {
    lines: tableLines([
      ['Name', room.name],
      ['Id', room.id],
      ['Address', room.uri],
      ['Description', shown(room.description)],
      ['Category', room.categoryName],
      ['Type', room.type],
      ['Privacy', room.privacy],
      ['Invitations', room.invitations],
      ['Add-in', shown((room as WithAddin).addin)],
      ['Disabled', shown(room.disabled)],
      ['Version', `${room.version}`],
      ...(view.counts
        ? [
            ['Members', names(members)],
            ['Managers', names(managers)],
            ['Presenters', names(presenters)],
          ]
        : []),
    ]),
  }
}

async function planRemove(shell: Shell, given: Given): Promise<Plan> {
  const { room } = await roomOf(shell, identityIn(given, await readInstance(given, shell.io)))
  await shell.call('room.delete', { room: room.id, dryRun: true })
  return {
    changes: [
      { what: `room ${room.name}`, change: 'remove', now: `${room.privacy}, in ${room.categoryName}`, after: '' },
    ],
    destroys: `The room "${room.name}" goes with all its messages and files, for good.`,
    async apply() {
      await shell.call('room.delete', { room: room.id })
      return { value: { removed: room.id } }
    },
  }
}

async function planClear(shell: Shell, given: Given): Promise<Plan> {
  const until = given.options.endDate
  if (until === undefined) throw new Misuse('--end-date is missing: the last moment that is cleared.')
  const { room } = await roomOf(shell, identityIn(given, await readInstance(given, shell.io)))
  const input = { room: room.id, until }
  const would = await shell.call<Result<'room.clear'>>('room.clear', { ...input, dryRun: true })
  const { messages, firstSeq, denied = 0 } = would
  if (messages === undefined) throw new Refusal('internal', 'The server did not say what would go.')
  return {
    changes:
      messages === 0
        ? stay(denied)
        : [
            {
              what: `room ${room.name}`,
              change: 'clear',
              now: `${messages} messages up to ${until}`,
              after: `begins at ${firstSeq}`,
            },
          ],
    destroys: `${messages} messages of "${room.name}" go with their files, for good.`,
    // Also where no message is left to go: the numbers of removed ones are cleared, and the server knows whether there are any.
    apply: async () => ({ value: await shell.call('room.clear', input) }),
  }
}
