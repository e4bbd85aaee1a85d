import Type, { type Static } from 'typebox'
import { Addin } from './addin.ts'
import { CategoryId, RoomId, Seq } from './ids.ts'
import { Principal } from './principal.ts'

export const RoomType = Type.Union([Type.Literal('normal'), Type.Literal('auditorium')])
export type RoomType = Static<typeof RoomType>
export const Privacy = Type.Union([Type.Literal('open'), Type.Literal('closed'), Type.Literal('secret')])
export type Privacy = Static<typeof Privacy>
export const InvitationSetting = Type.Union([Type.Literal('inherit'), Type.Literal('off')])
export type InvitationSetting = Static<typeof InvitationSetting>
export const RoomRole = Type.Union([Type.Literal('member'), Type.Literal('manager'), Type.Literal('presenter')])
export type RoomRole = Static<typeof RoomRole>

/** A room without its lists. The three counters stand only where the reader may read the room. */
export const Room = Type.Object({
  id: RoomId,
  uri: Type.String({ description: 'ma-chan://<domain>/<room id>, never changes' }),
  name: Type.String(),
  description: Type.String(),
  category: CategoryId,
  categoryName: Type.String(),
  type: RoomType,
  privacy: Privacy,
  invitations: InvitationSetting,
  disabled: Type.Boolean(),
  chatHistory: Type.Boolean({ description: "the category's switch" }),
  fileUpload: Type.Boolean({ description: "the category's switch" }),
  addin: Type.Optional(Addin),
  version: Type.Integer({ description: 'rises with every change of the room; for ifVersion' }),
  lastSeq: Type.Optional(Seq),
  firstSeq: Type.Optional(Seq),
  revision: Type.Optional(Type.Integer()),
  participants: Type.Optional(
    Type.Integer({ description: 'users in the room now, in answers of room.find and room.get' }),
  ),
})
export type Room = Static<typeof Room>

/** What the caller may do in a room, for a client that shows it. The server decides again at each request. */
export const Rights = Type.Object({
  member: Type.Boolean(),
  manager: Type.Boolean(),
  presenter: Type.Boolean(),
  read: Type.Boolean(),
  post: Type.Boolean(),
  manage: Type.Boolean(),
  enable: Type.Boolean(),
  administer: Type.Boolean(),
})
export type Rights = Static<typeof Rights>

/** Somebody who manages Persistent Chat reads a room that he is no member of, and says why. */
export const BrokenGlass = Type.Object({
  by: Principal,
  at: Type.String(),
  until: Type.String({ description: 'where it was ended early, that instant' }),
  reason: Type.String(),
})
export type BrokenGlass = Static<typeof BrokenGlass>

export const Invitation = Type.Object({
  room: RoomId,
  by: Type.Union([Principal, Type.Null()]),
  at: Type.String(),
  info: Room,
})
export type Invitation = Static<typeof Invitation>
