import type { Principal } from '../protocol/principal.ts'
import { type CategoryFacts, isInScope, type PersonFacts, type RoomFacts, refuseRoom } from './access.ts'

/** Why somebody may enter a room, or not, in sentences for administrators. Pure: facts and ways come in, sentences come out. */

/** How an entry stands for a user: the groups or units between them, the one that has the entry last; none where it is himself. */
export type Way = { entry: Principal; path: Principal[]; unit?: Principal | undefined }

export type Reason = Way & { list: 'allowed' | 'denied' | 'member' | 'manager' | 'presenter' }

const quoted = ({ name }: Principal) => `"${name}"`

/** "through the group "a", which is in "b"". */
export function describeWay({ entry, path, unit }: Way): string {
  if (path.length === 0) return 'by name'
  if (entry.kind === 'domain') return `through the domain ${quoted(entry)}`
  const [first, ...rest] = path
  const what = entry.kind === 'group' ? 'group' : 'unit'
  const verb = entry.kind === 'group' ? 'is in' : 'lies in'
  const steps = rest.map(step => `, which ${verb} ${quoted(step)}`).join('')
  return `through the ${what} ${quoted(first!)}${steps}${unit ? ` of the unit ${quoted(unit)}` : ''}`
}

const listed: Record<Reason['list'], string> = {
  allowed: "The category's allowed members hold him",
  denied: "The category's denied members hold him, which beats everything else,",
  member: "The room's members hold him",
  manager: "The room's managers hold him",
  presenter: "The room's presenters hold him",
}

export function describeReason(reason: Reason): string {
  return `${listed[reason.list]} ${describeWay(reason)}.`
}

/** The answer first, then what each part of it rests on. */
export function explainRoom(
  person: PersonFacts,
  scope: CategoryFacts,
  room: RoomFacts,
  reasons: Reason[],
): { mayRead: boolean; sentences: string[] } {
  const mayRead = refuseRoom('read', person, scope, room) === null
  const sentences = [mayRead ? 'He may enter this room.' : 'He may not enter this room.']
  if (person.disabled) sentences.push('His account is disabled.')
  if (!person.enabled) sentences.push('The access policy does not switch Persistent Chat on for him.')
  if (room.disabled) sentences.push('The room is disabled.')
  if (!scope.allowed) sentences.push("No entry of the category's allowed members stands for him.")
  // Denials first: with one of them nothing below has an effect.
  const sorted = [...reasons].sort((a, b) => Number(b.list === 'denied') - Number(a.list === 'denied'))
  sentences.push(...sorted.map(describeReason))
  if (!isInScope(scope) && reasons.some(reason => reason.list !== 'allowed' && reason.list !== 'denied'))
    sentences.push('He is outside the scope of the category, so that entries of the room have no effect.')
  if (room.privacy === 'open') sentences.push('The room is Open: everyone in scope is a member.')
  else if (room.allMembers) sentences.push('The room has no list of members: everyone in scope is one.')
  else if (!room.memberEntry) sentences.push("No entry of the room's members stands for him.")
  if (person.administrator && !mayRead)
    sentences.push('He is an administrator: he sees and manages the room, and reads it only as a member.')
  return { mayRead, sentences }
}
