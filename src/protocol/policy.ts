import Type, { type Static } from 'typebox'

/** A policy as administrators see it: the global one, one of a site, or one with a name that is given to principals. */
export const Policy = Type.Object({
  name: Type.String({ description: 'global, site:<name>, or a name of its own' }),
  description: Type.String(),
  enabled: Type.Boolean(),
  granted: Type.Integer({ description: 'principals that it is given to; 0 for global and sites' }),
})
export type Policy = Static<typeof Policy>
