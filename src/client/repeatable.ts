import type { Verb } from '../protocol/request.ts'

/** Asking twice leaves things as asking once does, so these wait for the connection and are asked again when it was lost. */
const repeatable: ReadonlySet<Verb> = new Set([
  'audit.list',
  'category.list',
  'group.members',
  'invitation.dismiss',
  'message.list',
  'message.post', // by its client id
  'message.search',
  'participant.list',
  'policy.list',
  'principal.find',
  'principal.get',
  'room.checkName',
  'room.find',
  'room.follow',
  'room.get',
  'room.join',
  'room.markRead',
  'room.members',
  'room.part',
  'room.unfollow',
  'session.list',
  'settings.get',
] satisfies Verb[])

export function isRepeatable(verb: Verb): boolean {
  return repeatable.has(verb)
}
