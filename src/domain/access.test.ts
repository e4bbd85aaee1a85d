import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Privacy, RoomType } from '../protocol/room.ts'
import {
  type Action,
  type CategoryFacts,
  isManager,
  isMember,
  isPresenter,
  mayCreateRoom,
  mayRead,
  maySee,
  maySeeCategory,
  type PersonFacts,
  type RoomFacts,
  refuseAbsentRoom,
  refuseRoom,
  roomRights,
} from './access.ts'

const actions = ['see', 'read', 'post', 'seeLists', 'manage', 'disable', 'enable', 'move', 'administer'] as const
const privacies = ['open', 'closed', 'secret'] as const
const types = ['normal', 'auditorium'] as const

/** What each word of a row's name means. A row is the person, in scope unless it says otherwise, with these entries only. */
type Caller = {
  person: PersonFacts
  category: CategoryFacts
  entries: Pick<RoomFacts, 'memberEntry' | 'managerEntry' | 'presenterEntry'>
}

function caller(name: string): Caller {
  const words = new Set(name.split(' '))
  const has = (word: string) => words.has(word) || words.has('everything')
  return {
    person: {
      administrator: words.has('administrator'),
      helpDesk: words.has('help-desk'),
      enabled: !words.has('policy-off'),
      disabled: words.has('switched-off'),
    },
    category: { allowed: !words.has('outside'), denied: words.has('denied'), creator: has('creator') },
    entries: { memberEntry: has('member'), managerEntry: has('manager'), presenterEntry: has('presenter') },
  }
}

/**
 * What is expected, by hand from the published rights of the product.
 *
 *   y yes   f forbidden   n not_found   p forbidden, because the access policy is off   - no
 *
 * Three letters are an Open, a Closed and a Secret room. `post` is a Normal room, `present` the same post in an auditorium; all
 * other columns are equal for both types. `room` is whether a room may be created in the category, `cat` whether the category
 * may be seen.
 */
const withLists = `
caller                               see  read post present lists manage disable enable move administer room cat
administrator outside                yyy  fff  fff  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator                        yyy  yff  yff  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator member                 yyy  yyy  yyy  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator manager                yyy  yff  yff  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator everything             yyy  yyy  yyy  yyy     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator everything denied      yyy  fff  fff  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator everything policy-off  yyy  ppp  ppp  ppp     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator everything switched-off nnn nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
help-desk outside                    yyy  fff  fff  fff     yyy   fff    fff     fff    fff  fff        -    y
help-desk                            yyy  yff  yff  fff     yyy   fff    fff     fff    fff  fff        -    y
help-desk everything                 yyy  yyy  yyy  yyy     yyy   yyy    yyy     fff    yyy  fff        y    y
help-desk everything denied          yyy  fff  fff  fff     yyy   fff    fff     fff    fff  fff        -    y
help-desk everything policy-off      yyy  ppp  ppp  ppp     yyy   fff    fff     fff    fff  fff        -    y
help-desk everything switched-off    nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
creator                              yyn  yfn  yfn  ffn     yyn   ffn    ffn     ffn    ffn  ffn        y    y
creator manager                      yyy  yff  yff  fff     yyy   yyy    yyy     fff    yyy  fff        y    y
manager                              yyy  yff  yff  fff     yyy   yyy    yyy     fff    yyy  fff        -    y
manager member                       yyy  yyy  yyy  fff     yyy   yyy    yyy     fff    yyy  fff        -    y
presenter member                     yyy  yyy  yyy  yyy     yyy   fff    fff     fff    fff  fff        -    y
presenter                            yyn  yfn  yfn  yfn     yyn   ffn    ffn     ffn    ffn  ffn        -    y
member                               yyy  yyy  yyy  fff     yyy   fff    fff     fff    fff  fff        -    y
in-scope                             yyn  yfn  yfn  ffn     yyn   ffn    ffn     ffn    ffn  ffn        -    y
everything                           yyy  yyy  yyy  yyy     yyy   yyy    yyy     fff    yyy  fff        y    y
everything denied                    nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
everything outside                   nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
everything outside denied            nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
everything switched-off              nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
everything policy-off                ppp  ppp  ppp  ppp     ppp   ppp    ppp     ppp    ppp  ppp        -    -
in-scope policy-off                  ppp  ppp  ppp  ppp     ppp   ppp    ppp     ppp    ppp  ppp        -    -`

/** The same where the room's members are null: everyone in scope is one, whatever the privacy. */
const withNull = `
caller                               see  read post present lists manage disable enable move administer room cat
administrator outside                yyy  fff  fff  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator                        yyy  yyy  yyy  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator member                 yyy  yyy  yyy  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator manager                yyy  yyy  yyy  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator everything             yyy  yyy  yyy  yyy     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator everything denied      yyy  fff  fff  fff     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator everything policy-off  yyy  ppp  ppp  ppp     yyy   yyy    yyy     yyy    yyy  yyy        y    y
administrator everything switched-off nnn nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
help-desk outside                    yyy  fff  fff  fff     yyy   fff    fff     fff    fff  fff        -    y
help-desk                            yyy  yyy  yyy  fff     yyy   fff    fff     fff    fff  fff        -    y
help-desk everything                 yyy  yyy  yyy  yyy     yyy   yyy    yyy     fff    yyy  fff        y    y
help-desk everything denied          yyy  fff  fff  fff     yyy   fff    fff     fff    fff  fff        -    y
help-desk everything policy-off      yyy  ppp  ppp  ppp     yyy   fff    fff     fff    fff  fff        -    y
help-desk everything switched-off    nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
creator                              yyy  yyy  yyy  fff     yyy   fff    fff     fff    fff  fff        y    y
creator manager                      yyy  yyy  yyy  fff     yyy   yyy    yyy     fff    yyy  fff        y    y
manager                              yyy  yyy  yyy  fff     yyy   yyy    yyy     fff    yyy  fff        -    y
manager member                       yyy  yyy  yyy  fff     yyy   yyy    yyy     fff    yyy  fff        -    y
presenter member                     yyy  yyy  yyy  yyy     yyy   fff    fff     fff    fff  fff        -    y
presenter                            yyy  yyy  yyy  yyy     yyy   fff    fff     fff    fff  fff        -    y
member                               yyy  yyy  yyy  fff     yyy   fff    fff     fff    fff  fff        -    y
in-scope                             yyy  yyy  yyy  fff     yyy   fff    fff     fff    fff  fff        -    y
everything                           yyy  yyy  yyy  yyy     yyy   yyy    yyy     fff    yyy  fff        y    y
everything denied                    nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
everything outside                   nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
everything outside denied            nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
everything switched-off              nnn  nnn  nnn  nnn     nnn   nnn    nnn     nnn    nnn  nnn        -    -
everything policy-off                ppp  ppp  ppp  ppp     ppp   ppp    ppp     ppp    ppp  ppp        -    -
in-scope policy-off                  ppp  ppp  ppp  ppp     ppp   ppp    ppp     ppp    ppp  ppp        -    -`

type Expected = { name: string; cells: Record<string, string> }

function readTable(text: string): Expected[] {
  const [head, ...lines] = text.trim().split('\n')
  const columns = head!.split(/\s+/).slice(1)
  return lines.map(line => {
    const words = line.split(/\s+/)
    const cells = words.splice(words.length - columns.length)
    return { name: words.join(' '), cells: Object.fromEntries(columns.map((column, i) => [column, cells[i]!])) }
  })
}

function columnOf(action: Action, type: RoomType): string {
  if (action === 'post') return type === 'auditorium' ? 'present' : 'post'
  return action === 'seeLists' ? 'lists' : action
}

/** The letters of the table for an answer of the code; `d` stands for a room that is disabled. */
function letter(
  action: Action,
  { person, category, entries }: Caller,
  room: Omit<RoomFacts, keyof Caller['entries']>,
): string {
  const refusal = refuseRoom(action, person, category, { ...room, ...entries })
  if (refusal === null) return 'y'
  if (refusal.code === 'not_found') return 'n'
  if (refusal.code === 'room_disabled') return 'd'
  if (refusal.code === 'forbidden') return refusal.message.includes('policy.grant') ? 'p' : 'f'
  return refusal.code
}

/** A disabled room is neither read nor posted into; who may not even do that in a living room learns nothing of its state. */
function whenDisabled(action: Action, cell: string): string {
  return action === 'read' || action === 'post' ? cell.replaceAll('y', 'd') : cell
}

const rooms: { allMembers: boolean; disabled: boolean; table: Expected[] }[] = [
  { allMembers: false, disabled: false, table: readTable(withLists) },
  { allMembers: false, disabled: true, table: readTable(withLists) },
  { allMembers: true, disabled: false, table: readTable(withNull) },
  { allMembers: true, disabled: true, table: readTable(withNull) },
]

/** What the table says of one caller, as text: a failure shows the whole row. */
function expectedRow(row: Expected, type: RoomType, disabled: boolean): string {
  return actions
    .map(action => {
      const cell = row.cells[columnOf(action, type)]!
      return `${action} ${disabled ? whenDisabled(action, cell) : cell}`
    })
    .join(', ')
}

function answeredRow(who: Caller, type: RoomType, state: { allMembers: boolean; disabled: boolean }): string {
  return actions
    .map(action => `${action} ${privacies.map(privacy => letter(action, who, { privacy, type, ...state })).join('')}`)
    .join(', ')
}

describe('the matrix of rights', () => {
  const cases = rooms.flatMap(({ allMembers, disabled, table }) =>
    types.flatMap(type =>
      table.map(row => ({
        row,
        type,
        allMembers,
        disabled,
        label: `${row.name}: ${type}${allMembers ? ', members null' : ''}${disabled ? ', disabled' : ''}`,
      })),
    ),
  )

  test('[AC1] the table is whole', () => {
    for (const { table } of rooms) {
      expect(table).toHaveLength(29)
      for (const { cells } of table) {
        expect(Object.keys(cells)).toEqual([
          'see',
          'read',
          'post',
          'present',
          'lists',
          'manage',
          'disable',
          'enable',
          'move',
          'administer',
          'room',
          'cat',
        ])
        for (const cell of Object.values(cells)) expect(cell).toMatch(/^([yfnp]{3}|[y-])$/)
      }
    }
  })

  test.each(cases)('[AC1] $label', ({ row, type, allMembers, disabled }) => {
    expect(answeredRow(caller(row.name), type, { allMembers, disabled })).toBe(expectedRow(row, type, disabled))
  })

  test.each(cases)(
    '[AC2] without a scope nothing has effect: $label',
    ({ row, type, allMembers, disabled, ...rest }) => {
      const { table } = rooms.find(room => room.allMembers === allMembers && room.disabled === disabled)!
      for (const scope of ['outside', 'denied', 'outside denied']) {
        const who = caller(`${row.name} ${scope}`)
        const kept = ['administrator', 'help-desk', 'switched-off', 'policy-off'].filter(word =>
          row.name.split(' ').includes(word),
        )
        // An administrator without scope keeps what administrators have; everybody else has nothing.
        const like = kept.includes('switched-off')
          ? 'everything outside'
          : kept.includes('policy-off')
            ? kept.includes('administrator')
              ? 'administrator everything policy-off'
              : kept.includes('help-desk')
                ? 'help-desk everything policy-off'
                : 'everything policy-off'
            : kept.includes('administrator')
              ? 'administrator outside'
              : kept.includes('help-desk')
                ? 'help-desk outside'
                : 'everything outside'
        const expected = table.find(other => other.name === like)!
        expect(answeredRow(who, type, { allMembers, disabled }), `${rest.label}, ${scope}`).toBe(
          expectedRow(expected, type, disabled),
        )
        const inCategory = {
          mayCreate: mayCreateRoom(who.person, who.category),
          maySee: maySeeCategory(who.person, who.category),
        }
        expect(inCategory).toEqual({ mayCreate: expected.cells.room === 'y', maySee: expected.cells.cat === 'y' })
      }
    },
  )

  test.each(rooms[0]!.table)('[AC3] who creates rooms and sees categories: $name', ({ name, cells }) => {
    const { person, category } = caller(name)
    expect(mayCreateRoom(person, category)).toBe(cells.room === 'y')
    expect(maySeeCategory(person, category)).toBe(cells.cat === 'y')
  })

  test.each([
    ['manager', 'creator', true],
    ['manager', 'in-scope', false],
    ['manager', 'creator denied', false],
    ['manager', 'creator outside', false],
    ['member', 'creator', false],
    ['in-scope', 'creator', false],
    ['administrator outside', 'outside', true],
    ['administrator switched-off', 'creator', false],
    ['manager policy-off', 'creator policy-off', false],
  ])('[AC4] %s moves a room to where he is %s: %s', (here, there, yes) => {
    const { person, category, entries } = caller(here)
    const room: RoomFacts = { privacy: 'closed', type: 'normal', disabled: false, allMembers: false, ...entries }
    expect(refuseRoom('move', person, category, room) === null && mayCreateRoom(person, caller(there).category)).toBe(
      yes,
    )
  })
})

const anyPerson: fc.Arbitrary<PersonFacts> = fc.record({
  administrator: fc.boolean(),
  helpDesk: fc.boolean(),
  enabled: fc.boolean(),
  disabled: fc.boolean(),
})
const anyCategory: fc.Arbitrary<CategoryFacts> = fc.record({
  allowed: fc.boolean(),
  denied: fc.boolean(),
  creator: fc.boolean(),
})
const anyRoom: fc.Arbitrary<RoomFacts> = fc.record({
  privacy: fc.constantFrom<Privacy>(...privacies),
  type: fc.constantFrom<RoomType>(...types),
  disabled: fc.boolean(),
  allMembers: fc.boolean(),
  memberEntry: fc.boolean(),
  managerEntry: fc.boolean(),
  presenterEntry: fc.boolean(),
})
const anyAction = fc.constantFrom<Action>(...actions)
const runs = { numRuns: 2_000 }

function told(refusal: ReturnType<typeof refuseRoom>) {
  return refusal === null ? null : refusal.toWire()
}

describe('laws', () => {
  test('[AC5] denied always wins', () => {
    fc.assert(
      fc.property(anyAction, anyPerson, anyCategory, anyRoom, (action, anyone, scope, room) => {
        const person = { ...anyone, administrator: false, helpDesk: false }
        const category = { ...scope, denied: true }
        expect(told(refuseRoom(action, person, category, room))).toEqual(told(refuseAbsentRoom(person)))
        expect(mayCreateRoom(person, category) || maySeeCategory(person, category)).toBe(false)
        // Nobody reads against a denial, administrators included.
        expect(mayRead(anyone, category, room)).toBe(false)
      }),
      runs,
    )
  })

  test('[AR12] broken glass lets who manages Persistent Chat read what was posted, and nothing else', () => {
    fc.assert(
      fc.property(anyAction, anyPerson, anyCategory, anyRoom, (action, person, category, whole) => {
        const room = { ...whole, glassBroken: true }
        expect(told(refuseRoom(action, person, category, room))).toEqual(
          told(refuseRoom(action, person, category, whole)),
        )
        expect(roomRights(person, category, room)).toEqual(roomRights(person, category, whole))
        const byGlass = person.administrator && person.enabled && !person.disabled && !category.denied
        expect(refuseRoom('readHistory', person, category, room) === null).toBe(
          !room.disabled && (byGlass || mayRead(person, category, whole)),
        )
        // Without it, it is the right of members.
        expect(told(refuseRoom('readHistory', person, category, whole))).toEqual(
          told(refuseRoom('read', person, category, whole)),
        )
      }),
      runs,
    )
  })

  test('[AC6] a room that the caller may not see answers as one that does not exist, whatever its facts', () => {
    fc.assert(
      fc.property(anyAction, anyPerson, anyCategory, anyRoom, (action, person, category, room) => {
        fc.pre(!maySee(person, category, room))
        const answer = told(refuseRoom(action, person, category, room))
        expect(answer).not.toBeNull()
        expect(answer).toEqual(told(refuseAbsentRoom(person)))
        const rights = roomRights(person, category, room)
        expect([rights.read, rights.post, rights.manage, rights.enable, rights.administer]).not.toContain(true)
      }),
      runs,
    )
  })

  test('[AC7] a Secret room is seen by its members, managers, administrators and the help desk only', () => {
    fc.assert(
      fc.property(anyPerson, anyCategory, anyRoom, (person, category, anything) => {
        const room = { ...anything, privacy: 'secret' as const }
        if (maySee(person, category, room) && !person.administrator && !person.helpDesk)
          expect(room.memberEntry || room.managerEntry || room.allMembers).toBe(true)
      }),
      runs,
    )
  })

  test('[AC8] a disabled room is never read nor posted into, and only administrators enable it', () => {
    fc.assert(
      fc.property(anyPerson, anyCategory, anyRoom, (person, category, anything) => {
        const room = { ...anything, disabled: true }
        for (const action of ['read', 'post'] as const)
          expect(refuseRoom(action, person, category, room)).not.toBeNull()
        const rights = roomRights(person, category, room)
        expect([rights.read, rights.post]).toEqual([false, false])
        if (refuseRoom('enable', person, category, room) === null) expect(person.administrator).toBe(true)
      }),
      runs,
    )
  })

  test('[AC9] an Open room ignores its member entries and keeps to the scope', () => {
    fc.assert(
      fc.property(anyAction, anyPerson, anyCategory, anyRoom, (action, person, category, anything) => {
        const room = { ...anything, privacy: 'open' as const }
        const other = { ...room, memberEntry: !room.memberEntry, allMembers: !room.allMembers }
        expect(told(refuseRoom(action, person, category, room))).toEqual(
          told(refuseRoom(action, person, category, other)),
        )
        expect(isMember(category, room)).toBe(category.allowed && !category.denied)
      }),
      runs,
    )
  })

  test('[AC10] presenters are members of an auditorium; a manager is not a member until added', () => {
    fc.assert(
      fc.property(anyCategory, anyRoom, (category, room) => {
        if (isPresenter(category, room)) expect([isMember(category, room), room.type]).toEqual([true, 'auditorium'])
        const added = { ...room, managerEntry: true }
        expect(isMember(category, added)).toBe(isMember(category, { ...room, managerEntry: false }))
      }),
      runs,
    )
  })

  test('[AC11] the rights that are shown are the ones that are granted', () => {
    fc.assert(
      fc.property(anyPerson, anyCategory, anyRoom, (person, category, room) => {
        const rights = roomRights(person, category, room)
        for (const action of ['read', 'post', 'manage', 'enable', 'administer'] as const)
          expect(rights[action], action).toBe(refuseRoom(action, person, category, room) === null)
        expect([rights.member, rights.manager, rights.presenter]).toEqual([
          isMember(category, room),
          isManager(category, room),
          isPresenter(category, room),
        ])
      }),
      runs,
    )
  })

  test('[AC12] whoever may do something in a room may see it, and whoever posts may read', () => {
    fc.assert(
      fc.property(anyAction, anyPerson, anyCategory, anyRoom, (action, person, category, room) => {
        if (refuseRoom(action, person, category, room) !== null) return
        expect(refuseRoom('see', person, category, room)).toBeNull()
        if (action === 'post') expect(refuseRoom('read', person, category, room)).toBeNull()
      }),
      runs,
    )
  })
})

describe('scopes as sets of principals', () => {
  const principal = fc.constantFrom('alice', 'sales', 'traders', 'example.com', 'analysts')
  const set = fc.uniqueArray(principal)
  type Scope = { allowed: string[]; denied: string[] }

  /** What flattening does: a fact holds where any of the caller's ancestors, himself among them, stands in the list. */
  function categoryFacts(ancestors: string[], scope: Scope, creators: string[]): CategoryFacts {
    const any = (list: string[]) => list.some(one => ancestors.includes(one))
    return { allowed: any(scope.allowed), denied: any(scope.denied), creator: any(creators) }
  }

  test('[AC13] widening and narrowing a scope again, or the other way round, leaves every answer as it was', () => {
    fc.assert(
      fc.property(
        anyAction,
        anyPerson,
        anyRoom,
        set,
        set,
        set,
        principal,
        (action, person, room, ancestors, allowed, denied, changed) => {
          const before: Scope = { allowed, denied }
          const answer = (scope: Scope) => told(refuseRoom(action, person, categoryFacts(ancestors, scope, []), room))
          const without = (list: string[]) => list.filter(one => one !== changed)
          const changes: [there: (s: Scope) => Scope, back: (s: Scope) => Scope][] = [
            [
              s => ({ ...s, allowed: [...without(s.allowed), changed] }),
              s => ({ ...s, allowed: allowed.includes(changed) ? s.allowed : without(s.allowed) }),
            ],
            [
              s => ({ ...s, allowed: without(s.allowed) }),
              s => ({ ...s, allowed: allowed.includes(changed) ? [...s.allowed, changed] : s.allowed }),
            ],
            [
              s => ({ ...s, denied: [...without(s.denied), changed] }),
              s => ({ ...s, denied: denied.includes(changed) ? s.denied : without(s.denied) }),
            ],
          ]
          for (const [there, back] of changes) {
            const once = there(before)
            expect(answer(there(once))).toEqual(answer(once))
            expect(answer(back(once))).toEqual(answer(before))
          }
        },
      ),
      runs,
    )
  })

  test('[AC14] narrowing a scope never grants, and only denies fewer by widening', () => {
    fc.assert(
      fc.property(
        anyAction,
        anyPerson,
        anyRoom,
        set,
        set,
        set,
        principal,
        (action, person, room, ancestors, allowed, denied, changed) => {
          const wide = categoryFacts(ancestors, { allowed: [...allowed, changed], denied }, [])
          const narrow = categoryFacts(ancestors, { allowed, denied: [...denied, changed] }, [])
          if (refuseRoom(action, person, narrow, room) === null)
            expect(refuseRoom(action, person, wide, room)).toBeNull()
        },
      ),
      runs,
    )
  })
})
