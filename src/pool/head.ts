import Type, { type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ClosedReason } from '../protocol/event.ts'
import { Principal } from '../protocol/principal.ts'
import type { BusHead } from './bus.ts'

const Id = Type.String({ maxLength: 100 })
/** Becomes a part of a subject. */
const Member = Type.String({ pattern: '^[\\w-]{1,100}$' })
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Ids = Type.Array(Id)
const Counts = Type.Array(Type.Tuple([Id, Count]))
const Stamp = Type.Object({ room: Count, scope: Count, directory: Count, settings: Count })
const Shown = Type.Object({ room: Count, category: Count })
const Part = Type.Object({ room: Id, n: Count, of: Count, from: Count, who: Type.Array(Count) })
const presence = { room: Id, member: Member, n: Count }

/** What each kind of message must hold to be heard. A newer program may say more, and other kinds: that is passed over. */
const shapes: { [Kind in BusHead['kind']]: TSchema } = {
  message: Type.Object({ room: Id, seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), stamp: Stamp }),
  room: Type.Object({ room: Id, stamp: Stamp, revision: Type.Optional(Count), shown: Type.Optional(Shown) }),
  closed: Type.Object({ room: Id, reason: ClosedReason }),
  category: Type.Object({ category: Id }),
  directory: Type.Object({ version: Count }),
  settings: Type.Object({ version: Count }),
  user: Type.Object({ user: Id, except: Type.Optional(Id) }),
  opened: Type.Object({ room: Id, principals: Type.Optional(Ids) }),
  invited: Type.Object({ room: Id, principals: Ids, by: Id }),
  glass: Type.Object({ room: Id }),
  ended: Type.Object({ sessions: Ids }),
  alive: Type.Object({ member: Member, hello: Type.Optional(Type.Boolean()), at: Type.Optional(Type.Number()) }),
  gone: Type.Object({ member: Member }),
  moves: Type.Object({
    member: Member,
    moves: Type.Array(
      Type.Union([
        Type.Object({ joined: Principal, rooms: Counts }),
        Type.Object({ left: Id, lingers: Type.Boolean(), rooms: Counts }),
      ]),
    ),
  }),
  presence: Type.Union([
    Type.Object({ ...presence, joined: Principal }),
    Type.Object({ ...presence, left: Id, lingers: Type.Boolean() }),
  ]),
  rosterAsk: Type.Object({ member: Member, rooms: Ids }),
  roster: Type.Object({ member: Member, people: Type.Array(Principal), rooms: Type.Array(Part) }),
  digest: Type.Object({ member: Member, rooms: Counts }),
  countAsk: Type.Object({ member: Member, ask: Count, rooms: Ids }),
  counts: Type.Object({ member: Member, ask: Count, rooms: Counts, own: Type.Optional(Ids) }),
}
const validators = new Map(Object.entries(shapes).map(([kind, shape]) => [kind, Compile(shape)]))
/** Without their frame they say nothing. */
const framed = new Set(['message', 'room', 'user', 'opened', 'invited', 'glass'])

/** Whether what came from outside of the process is a head that can be heard; `hasFrame`: something came behind it. */
export function isHead(head: unknown, hasFrame: boolean): head is BusHead {
  const kind = (head as { kind?: unknown } | null)?.kind
  if (typeof kind !== 'string') return false
  return validators.get(kind)?.Check(head) === true && (hasFrame || !framed.has(kind))
}
