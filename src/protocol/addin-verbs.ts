import Type from 'typebox'
import { Addin, AddinRef } from './addin.ts'
import { administrator, Flag, optional, Text, verb } from './verb.ts'

/** Web pages that may stand beside a room. */
export const addinVerbs = {
  'addin.create': verb('Register an add-in', { name: Text(), url: Text() }, { addin: Addin }, administrator),
  'addin.update': verb(
    'Rename an add-in, or give it another address',
    { addin: AddinRef, name: optional(Text()), url: optional(Text()) },
    { addin: Addin },
    administrator,
  ),
  'addin.list': verb('Add-ins that a room may have, by name', {}, { addins: Type.Array(Addin) }),
  'addin.delete': verb(
    'Delete an add-in; refused while rooms use it, unless force takes it from them',
    { addin: AddinRef, force: optional(Flag()) },
    { rooms: Type.Integer({ description: 'that had it' }) },
    administrator,
  ),
} as const
