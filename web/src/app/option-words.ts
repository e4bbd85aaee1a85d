import type { PoolSettings } from '../../../src/protocol/settings-verbs.ts'

/** What each pool option is called, in the order of the page. */
export const optionWords: Record<keyof PoolSettings, { label: string; hint: string }> = {
  domain: { label: 'Domain of room addresses', hint: 'Stands in ma-chan:// links.' },
  defaultChatHistory: { label: 'Messages shown when a room is joined', hint: '1 to 500' },
  participantUpdateLimit: {
    label: 'Participants up to which joins and leaves are told',
    hint: 'Above it the list is asked for; below 80 % of it telling begins again.',
  },
  maxFileBytes: { label: 'Largest file', hint: 'Bytes' },
  roomFileBytes: { label: 'Files of a room', hint: 'Bytes of all together; 0: no limit' },
  userFileBytes: { label: 'Files of a user', hint: 'Bytes of all together; 0: no limit' },
  fileGraceDays: { label: 'Removed files', hint: 'Days until the bytes of a removed file are deleted' },
  maxTextCodePoints: { label: 'Longest message', hint: 'Characters' },
  maxStoryBytes: { label: 'Longest story', hint: 'Bytes' },
  roomManagementUrl: { label: 'Address of room management pages', hint: 'Empty: the pages here.' },
  postsPerSecond: { label: 'Posts a second', hint: 'Of one sign-in, on average' },
  postBurst: { label: 'Posts at once', hint: 'Of one sign-in' },
  requestsPerSecond: { label: 'Requests a second', hint: 'Of one sign-in, posts among them' },
  requestBurst: { label: 'Requests at once', hint: 'Of one sign-in' },
  addressRequestsPerSecond: { label: 'Requests a second from one address', hint: 'Without a sign-in' },
  addressRequestBurst: { label: 'Requests at once from one address', hint: 'Without a sign-in' },
  admissionsPerSecond: {
    label: 'Sessions let in a second',
    hint: 'By each process of a server, when many come back at once. The others are told when to come.',
  },
  admissionBurst: { label: 'Sessions let in at once', hint: 'By each process of a server' },
  failedSignInsPerMinute: { label: 'Failed sign-ins a minute', hint: 'From one address' },
  lockoutThreshold: { label: 'Failed sign-ins that lock an account', hint: 'In a row' },
  lockoutSeconds: { label: 'How long an account is locked', hint: 'Seconds' },
  sessionDays: { label: 'How long a sign-in lasts', hint: 'Days' },
  signInRecordDays: { label: 'How long the record of sign-ins is kept', hint: 'Days' },
  slowReaderBytes: { label: 'Bytes that may wait for one slow connection', hint: 'Above it the connection is closed.' },
  trustedNetworks: {
    label: 'Networks without rate limits',
    hint: 'Addresses or ranges such as 10.0.0.0/8, one a line',
  },
}
