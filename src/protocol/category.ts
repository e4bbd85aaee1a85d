import Type, { type Static } from 'typebox'
import { CategoryId } from './ids.ts'
import { Principal } from './principal.ts'

/** Lists stand in answers to administrators only. */
export const Category = Type.Object({
  id: CategoryId,
  name: Type.String(),
  description: Type.String(),
  version: Type.Integer(),
  invitations: Type.Boolean({ description: 'rooms may send invitations' }),
  fileUpload: Type.Boolean({ description: 'files may be put into its rooms' }),
  chatHistory: Type.Boolean({ description: 'false: messages are delivered live and not kept' }),
  mayCreateRooms: Type.Boolean({ description: 'the caller may create rooms here' }),
  allowedMembers: Type.Optional(Type.Array(Principal)),
  deniedMembers: Type.Optional(Type.Array(Principal)),
  creators: Type.Optional(Type.Array(Principal)),
})
export type Category = Static<typeof Category>
