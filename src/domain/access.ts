import { notFound, Refusal } from '../protocol/error.ts'
import type { Privacy, Rights, RoomType } from '../protocol/room.ts'

/**
 * Who may do what. Pure: facts come in, a yes or a refusal comes out.
 *
 * A fact is about one caller and already flattened: `inScope` is "some ancestor of mine is allowed and none is denied".
 */
export type PersonFacts = {
  /** Manages Persistent Chat: a full administrator, or one of Persistent Chat alone. */
  administrator: boolean
  /** Sees what administrators see of categories and rooms, and changes nothing. */
  helpDesk: boolean
  /** The access policy lets this user use Persistent Chat. */
  enabled: boolean
  /** The account is switched off. */
  disabled: boolean
}

export type CategoryFacts = {
  allowed: boolean
  denied: boolean
  creator: boolean
}

export type RoomFacts = {
  privacy: Privacy
  type: RoomType
  disabled: boolean
  /** `members: null`: everyone in scope. */
  allMembers: boolean
  memberEntry: boolean
  managerEntry: boolean
  presenterEntry: boolean
  /** He has said why he reads the history without being a member, and the time has not run out. Absent where it was not asked. */
  glassBroken?: boolean
}

export type Action =
  | 'see'
  | 'read'
  | 'readHistory'
  | 'post'
  | 'seeLists'
  | 'manage'
  | 'disable'
  | 'enable'
  | 'move'
  | 'administer'

export function isInScope(category: CategoryFacts): boolean {
  return category.allowed && !category.denied
}

/** May join, read, search and follow. An Open room ignores its list; an entry out of scope stays without effect. */
export function isMember(category: CategoryFacts, room: RoomFacts): boolean {
  return isInScope(category) && (room.privacy === 'open' || room.allMembers || room.memberEntry)
}

/** A manager is not a member until added. */
export function isManager(category: CategoryFacts, room: RoomFacts): boolean {
  return isInScope(category) && room.managerEntry
}

/** Only auditoriums have presenters, and a presenter must also be a member. */
export function isPresenter(category: CategoryFacts, room: RoomFacts): boolean {
  return room.type === 'auditorium' && isMember(category, room) && room.presenterEntry
}

/** Knows of every category and room, Secret ones too. */
export function seesAll(person: PersonFacts): boolean {
  return !person.disabled && (person.administrator || person.helpDesk)
}

/** May know that the room exists. */
export function maySee(person: PersonFacts, category: CategoryFacts, room: RoomFacts): boolean {
  if (person.disabled) return false
  if (seesAll(person)) return true
  if (!person.enabled) return false
  if (room.privacy === 'secret') return isMember(category, room) || isManager(category, room)
  return isInScope(category)
}

export function mayRead(person: PersonFacts, category: CategoryFacts, room: RoomFacts): boolean {
  return person.enabled && !person.disabled && isMember(category, room)
}

/** What was posted, as members do, or through broken glass. Then a denial of the category shuts him out all the same. */
function mayReadHistory(person: PersonFacts, category: CategoryFacts, room: RoomFacts): boolean {
  return mayRead(person, category, room) || (mayBreakGlass(person, category) && room.glassBroken === true)
}

/** Nobody reads against a denial, whatever his reason. */
export function mayBreakGlass(person: PersonFacts, category: CategoryFacts): boolean {
  return person.administrator && person.enabled && !person.disabled && !category.denied
}

function mayPost(person: PersonFacts, category: CategoryFacts, room: RoomFacts): boolean {
  return mayRead(person, category, room) && (room.type === 'normal' || isPresenter(category, room))
}

function mayManage(person: PersonFacts, category: CategoryFacts, room: RoomFacts): boolean {
  return !person.disabled && (person.administrator || (person.enabled && isManager(category, room)))
}

/** What a person may create rooms in. Administrators are bound by neither creators nor scope. */
export function mayCreateRoom(person: PersonFacts, category: CategoryFacts): boolean {
  if (person.disabled) return false
  return person.administrator || (person.enabled && isInScope(category) && category.creator)
}

export function maySeeCategory(person: PersonFacts, category: CategoryFacts): boolean {
  if (person.disabled) return false
  return seesAll(person) || (person.enabled && isInScope(category))
}

const forbidden: Record<Exclude<Action, 'see'>, string> = {
  read: 'You are not a member of this room. Ask one of its managers to add you.',
  readHistory: 'You are not a member of this room. Ask one of its managers to add you.',
  post: 'You may not post here. Only members post, in an auditorium only presenters; ask a manager of the room.',
  seeLists: 'You may not see the lists of this room.',
  manage: 'Only managers of the room and administrators may change it.',
  disable: 'Only managers of the room and administrators may disable it.',
  enable: 'Only administrators may re-enable a room. Ask one.',
  move: 'To move a room you must be an administrator, or its manager and a creator of the target category.',
  administer: 'Only administrators may do this.',
}

function may(action: Action, person: PersonFacts, category: CategoryFacts, room: RoomFacts): boolean {
  switch (action) {
    case 'see':
    case 'seeLists':
      return maySee(person, category, room)
    case 'read':
      return mayRead(person, category, room)
    case 'readHistory':
      return mayReadHistory(person, category, room)
    case 'post':
      return mayPost(person, category, room)
    case 'manage':
    case 'disable':
      return mayManage(person, category, room)
    // Being a creator of the target is asked of the target category, with mayCreateRoom.
    case 'move':
      return mayManage(person, category, room)
    case 'enable':
    case 'administer':
      return person.administrator && !person.disabled
  }
}

/** In this order: may know of it, may do it, then its state. Null is a yes. */
export function refuseRoom(
  action: Action,
  person: PersonFacts,
  category: CategoryFacts,
  room: RoomFacts,
): Refusal | null {
  if (!maySee(person, category, room)) return refuseAbsentRoom(person)
  // An administrator for whom the policy is off sees rooms, and would look in vain for the list that shuts him out.
  const ofContent = action === 'read' || action === 'readHistory' || action === 'post'
  if (!person.enabled && ofContent) return refusePolicy()
  if (action !== 'see' && !may(action, person, category, room)) return new Refusal('forbidden', forbidden[action])
  return room.disabled && ofContent ? refuseDisabledRoom() : null
}

export function refuseDisabledRoom(): Refusal {
  return new Refusal('room_disabled', 'This room is disabled. Ask an administrator to re-enable it.')
}

/** The answer for a room that does not exist: the one that `refuseRoom` gives for a room that the caller may not see. */
export function refuseAbsentRoom(person: PersonFacts): Refusal {
  return !person.enabled && !person.administrator && !person.helpDesk ? refusePolicy() : notFound('room')
}

export function refusePolicy(): Refusal {
  return new Refusal(
    'forbidden',
    'Persistent Chat is not switched on for you. Ask an administrator to grant it (policy.grant).',
  )
}

export function roomRights(person: PersonFacts, category: CategoryFacts, room: RoomFacts): Rights {
  const open = !room.disabled
  return {
    member: isMember(category, room),
    manager: isManager(category, room),
    presenter: isPresenter(category, room),
    read: open && mayRead(person, category, room),
    post: open && mayPost(person, category, room),
    manage: mayManage(person, category, room),
    enable: person.administrator && !person.disabled,
    administer: person.administrator && !person.disabled,
  }
}
