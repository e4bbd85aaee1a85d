import Type, { type Static } from 'typebox'
import { RoomId } from './ids.ts'
import { Principal } from './principal.ts'
import { administrator, Flag, Limit, Nullable, optional, Text, verb } from './verb.ts'

export const Day = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T.*)?$',
  description: 'day in UTC, such as 2026-11-30; of an instant the day that it is in',
})

const Count = Type.Integer
const UsedRoom = Type.Object({
  room: Type.Object({ id: RoomId, name: Text(), categoryName: Text() }),
  disabled: Flag(),
  messages: Count({ description: 'posted in the period' }),
})
const UsedUser = Type.Object({ principal: Principal, messages: Count({ description: 'posted in the period' }) })
const IdleRoom = Type.Object({
  room: Type.Object({ id: RoomId, name: Text(), categoryName: Text() }),
  createdAt: Text(),
  lastPostAt: Nullable(Text({ description: 'null: never' })),
})
const IdleUser = Type.Object({
  principal: Principal,
  lastPostDay: Nullable(Text({ description: 'null: not since posts are counted' })),
  lastSignInAt: Nullable(Text({ description: 'null: not as far back as the record of sign-ins goes' })),
})
const Bucket = Type.Object({
  day: Text({ description: 'first day of it that is in the period' }),
  days: Count({ description: 'how many of its days are in the period' }),
  messages: Count(),
  rooms: Count({ description: 'rooms with posts' }),
  users: Count({ description: 'users who posted' }),
})

export const UsageReport = Type.Object({
  from: Text(),
  until: Text({ description: 'the last day of the period' }),
  inactiveSince: Text(),
  exactSince: Text({
    description:
      'from this day on every post counts, removed since or not; before, messages that were there when counting began',
  }),
  counting: Flag({ description: 'days before exactSince are still being counted' }),
  totals: Type.Object({
    messages: Count({ description: 'ever posted in rooms that there are, removed ones among them' }),
    rooms: Type.Object({ enabled: Count(), disabled: Count() }),
    users: Type.Object({ enabled: Count(), disabled: Count(), bots: Count() }),
    files: Count({ description: 'that can be downloaded' }),
    fileBytes: Count({ description: 'of these files, each counted' }),
    storedBytes: Count({ description: 'in the file store, where equal files are kept once' }),
  }),
  period: Type.Object({ messages: Count(), activeRooms: Count(), activeUsers: Count() }),
  rooms: Type.Object({
    mostActive: Type.Array(UsedRoom),
    leastActive: Type.Array(UsedRoom, { description: 'enabled ones' }),
    inactive: Type.Object(
      { count: Count(), longest: Type.Array(IdleRoom) },
      { description: 'enabled, older, no post since' },
    ),
  }),
  users: Type.Object({
    mostActive: Type.Array(UsedUser),
    leastActive: Type.Array(UsedUser, { description: 'enabled ones' }),
    inactive: Type.Object(
      { count: Count(), longest: Type.Array(IdleUser) },
      { description: 'enabled, older, and since then neither a post nor a sign-in nor anything asked' },
    ),
  }),
  daily: Type.Array(Bucket),
  weekly: Type.Array(Bucket, { description: 'from Monday' }),
  monthly: Type.Array(Bucket),
})
export type UsageReport = Static<typeof UsageReport>

/** What rooms and people did. */
export const usageVerbs = {
  'usage.report': verb(
    'Totals, most and least active rooms and users, who was inactive, trends; no text of any message',
    { from: optional(Day), until: optional(Day), inactiveSince: optional(Day), limit: optional(Limit) },
    { report: UsageReport },
    administrator,
  ),
} as const
