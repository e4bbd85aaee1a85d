import { silentLog } from '../src/base/log.ts'
import { openMetrics } from '../src/base/metrics.ts'
import type { Caller, Chat } from '../src/chat/chat.ts'
import { createPrincipal } from '../src/chat/principal.ts'
import { callerOfToken, signIn } from '../src/chat/session.ts'
import { loadSettings } from '../src/chat/settings.ts'
import { createFirstAdministrator } from '../src/chat/setup.ts'
import { openLocalDirectory } from '../src/directory/local.ts'
import type { BusHead } from '../src/pool/bus.ts'
import { openLocalBus } from '../src/pool/local.ts'
import { findCredential } from '../src/store/principal.ts'
import { defaultSettings } from '../src/store/settings.ts'
import { openTestDatabase } from './database.ts'

export const password = 'correct horse battery'

/** The part of a server that knows people, over a database of its own. `heard` is what went to the pool. */
export async function openPeople(): Promise<{ chat: Chat; heard: BusHead[]; close(): Promise<void> }> {
  const { db, drop } = await openTestDatabase()
  const bus = openLocalBus()
  const heard: BusHead[] = []
  bus.subscribe('pool', message => heard.push(message.head))
  const chat: Chat = {
    member: '00000000-0000-4000-8000-000000000001',
    db,
    bus,
    directory: openLocalDirectory({ findAccount: name => findCredential(db, name) }),
    settings: defaultSettings,
    settingsVersion: 0,
    recording: 'off',
    epoch: '',
    site: undefined,
    servers: () => ['ws://one/ws'],
    takesSessions: () => true,
    secondFactor: {
      need: 'optional',
      keys: [],
      pagesUrl: () => 'http://localhost:8080',
      otherPages: () => [],
      passkeyDomain: undefined,
    },
    log: silentLog,
    metrics: openMetrics(),
    roster: { list: () => [], count: () => 0, isLarge: () => false },
    // People post nothing here.
    posts: undefined as unknown as Chat['posts'],
  }
  await loadSettings(chat)
  return { chat, heard, close: drop }
}

export async function signedIn(chat: Chat, user: string, address = '192.0.2.1'): Promise<Caller> {
  const { token } = await signIn(chat, { address }, { user, password })
  return (await callerOfToken(chat, token, address))!
}

/** admin@example.com, signed in. */
export async function openAdministrator(chat: Chat): Promise<Caller> {
  await createFirstAdministrator(chat, { user: 'admin', password, domain: 'example.com' })
  return signedIn(chat, 'admin@example.com')
}

/** A user with the test password. Answers the id. */
export async function addUser(
  chat: Chat,
  by: Caller,
  name: string,
  more: { in?: string; administrator?: boolean } = {},
) {
  const made = await createPrincipal(chat, by, { kind: 'user', name, displayName: name, password, ...more })
  return made.principal.id
}
