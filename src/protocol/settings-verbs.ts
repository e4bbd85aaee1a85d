import Type, { type Static } from 'typebox'
import { administrator, administratorOr, Text, verb } from './verb.ts'

/** Pool options, read and set by administrators. */
export const PoolSettings = Type.Object({
  domain: Text({ description: 'domain of room URIs' }),
  defaultChatHistory: Type.Integer({ minimum: 1, maximum: 500 }),
  participantUpdateLimit: Type.Integer({ minimum: 2, maximum: 100_000 }),
  maxFileBytes: Type.Integer({ minimum: 1, maximum: 2 ** 40 }),
  roomFileBytes: Type.Integer({ minimum: 0, maximum: 2 ** 50, description: 'of all files of a room; 0: no limit' }),
  userFileBytes: Type.Integer({ minimum: 0, maximum: 2 ** 50, description: 'of all files of a user; 0: no limit' }),
  fileGraceDays: Type.Integer({
    minimum: 0,
    maximum: 3650,
    description: 'how long the bytes of a file stay after its message has gone',
  }),
  maxTextCodePoints: Type.Integer({ minimum: 1, maximum: 65_536 }),
  maxStoryBytes: Type.Integer({ minimum: 1, maximum: 131_072 }),
  roomManagementUrl: Text({ description: 'empty: the built-in pages' }),
  postsPerSecond: Type.Number({ exclusiveMinimum: 0, description: 'per session' }),
  postBurst: Type.Integer({ minimum: 1, description: 'per session' }),
  requestsPerSecond: Type.Number({ exclusiveMinimum: 0, description: 'per session, posts among them' }),
  requestBurst: Type.Integer({ minimum: 1 }),
  addressRequestsPerSecond: Type.Number({ exclusiveMinimum: 0, description: 'per address' }),
  addressRequestBurst: Type.Integer({ minimum: 1 }),
  admissionsPerSecond: Type.Number({ exclusiveMinimum: 0, description: 'sessions that a process lets in' }),
  admissionBurst: Type.Integer({ minimum: 1, description: 'sessions that a process lets in at once' }),
  failedSignInsPerMinute: Type.Integer({ minimum: 1, description: 'per address' }),
  lockoutThreshold: Type.Integer({ minimum: 1, description: 'failed sign-ins in a row that lock an account' }),
  lockoutSeconds: Type.Integer({ minimum: 1 }),
  sessionDays: Type.Integer({ minimum: 1, maximum: 3650 }),
  signInRecordDays: Type.Integer({ minimum: 1, maximum: 3650, description: 'how long sign-ins stay in the record' }),
  slowReaderBytes: Type.Integer({ minimum: 65_536, description: 'bytes that may wait for one session' }),
  trustedNetworks: Type.Array(Text(), { description: 'addresses or CIDR ranges without rate limits' }),
})
export type PoolSettings = Static<typeof PoolSettings>

/** The pool's options. */
export const settingsVerbs = {
  'settings.get': verb('The pool options', {}, { settings: PoolSettings }, administratorOr('helpDesk')),
  'settings.update': verb(
    'Change pool options',
    { settings: Type.Partial(PoolSettings, { additionalProperties: false }) },
    { settings: PoolSettings },
    administrator,
  ),
} as const
