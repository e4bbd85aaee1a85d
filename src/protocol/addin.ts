import Type, { type Static } from 'typebox'
import { Uuid } from './ids.ts'

/** A web page of others that may stand beside the conversation of a room. */
export const Addin = Type.Object({
  id: Uuid,
  name: Type.String({ description: '1 to 50 characters' }),
  url: Type.String({ description: 'http or https, up to 255 characters' }),
})
export type Addin = Static<typeof Addin>

/** An add-in is named by its id or by its name. */
export const AddinRef = Type.String({ minLength: 1, description: 'id or name of an add-in' })
