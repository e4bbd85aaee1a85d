import Type, { type Static } from 'typebox'
import { PrincipalRef, RoomId } from './ids.ts'
import { Principal } from './principal.ts'
import { Rights } from './room.ts'
import { type Callers, Flag, fullAdministrator, Nullable, optional, Text, verb } from './verb.ts'

const readers = { callers: ['administrator', 'helpDesk'] } satisfies { callers: Callers }

/** What a run of a source of people did, or would do; a kind of change that did not happen is missing from the counts. */
export const DirectoryRun = Type.Object({
  source: Text(),
  whole: Flag({ description: 'all was read, not what changed' }),
  dryRun: Flag({ description: 'nothing was written' }),
  objects: Type.Integer({ description: 'that were read' }),
  seconds: Type.Number(),
  counts: Type.Record(Text(), Type.Integer(), { description: 'by kind of change; leftOut: who cannot be taken' }),
  samples: Type.Array(Type.Object({ change: Text(), kind: Text(), name: Text(), detail: Text() })),
  warning: optional(Text()),
})
export type DirectoryRun = Static<typeof DirectoryRun>

const Blamed = Nullable(Type.Union([Type.Literal('administrator'), Type.Literal('source')]))

/** Where people come from. */
export const directoryVerbs = {
  'directory.status': verb(
    'Sources of people: last run, lag, what they hold here',
    {},
    {
      sources: Type.Array(
        Type.Object({
          source: Text(),
          configured: Flag({ description: 'this server knows it' }),
          running: Nullable(Text({ description: 'the server that runs it now' })),
          lastRunAt: Nullable(Text()),
          lastSuccessAt: Nullable(Text()),
          lastFullAt: Nullable(Text()),
          nextAt: Nullable(Text()),
          lagSeconds: Nullable(Type.Number({ description: 'since the last success' })),
          failures: Type.Integer({ description: 'in a row' }),
          lastError: Nullable(Text()),
          users: Type.Integer(),
          disabled: Type.Integer(),
          groups: Type.Integer(),
          units: Type.Integer(),
          gone: Type.Integer(),
          leftOut: Type.Integer(),
          runs: Type.Array(
            Type.Object({
              startedAt: Text(),
              endedAt: Text(),
              whole: Flag(),
              objects: Type.Integer(),
              counts: Type.Record(Text(), Type.Integer()),
              error: Nullable(Text()),
            }),
            { description: 'newest first: those that changed something, failed or were asked for' },
          ),
        }),
      ),
    },
    readers,
  ),
  'directory.sync': verb(
    'Read a source of people now, or all of them; answers when that is done',
    {
      source: optional(Text({ minLength: 1 })),
      full: optional(Flag({ description: 'all there is, not what changed' })),
      dryRun: optional(Flag({ description: 'only says what would change' })),
      force: optional(Flag({ description: 'also where it disables many' })),
    },
    { runs: Type.Array(DirectoryRun) },
    fullAdministrator,
  ),
  'directory.check': verb(
    'Compare a source with the store, and the flattening of groups with a fresh one; changes nothing',
    { source: Text({ minLength: 1 }) },
    {
      sound: Flag({ description: 'nothing differs' }),
      run: DirectoryRun,
      flattening: Type.Object({
        principals: Type.Integer({ description: 'that were looked at' }),
        missing: Type.Integer(),
        vain: Type.Integer(),
        samples: Type.Array(Type.Object({ member: Text(), ancestor: Text(), missing: Flag() })),
      }),
    },
    fullAdministrator,
  ),
  'directory.resync': verb(
    'Read one principal anew from its source',
    { principal: PrincipalRef },
    { run: DirectoryRun },
    fullAdministrator,
  ),
  'directory.explain': verb(
    'Who a principal is, where from, in which groups; with a room why he may enter it, or not',
    { user: PrincipalRef, room: optional(RoomId) },
    {
      principal: Principal,
      source: Text({ description: 'empty: made here' }),
      externalId: Nullable(Text()),
      dn: Nullable(Text()),
      disabled: Flag(),
      disabledBy: Blamed,
      disabledThere: Flag({ description: 'disabled or deleted in its source' }),
      goneAt: Nullable(Text()),
      administrator: Flag(),
      administratorBy: Blamed,
      conflict: Nullable(Text({ description: 'why it is not called as its source calls it' })),
      units: Type.Array(Principal, { description: 'that it lies in, the nearest first' }),
      groups: Type.Array(Type.Object({ group: Principal, path: Type.Array(Principal), sentence: Text() })),
      domain: Nullable(Principal),
      room: optional(
        Type.Object({
          id: RoomId,
          name: Text(),
          mayRead: Flag(),
          rights: Rights,
          sentences: Type.Array(Text()),
          reasons: Type.Array(
            Type.Object({ list: Text(), entry: Principal, path: Type.Array(Principal), sentence: Text() }),
          ),
        }),
      ),
    },
    readers,
  ),
} as const
