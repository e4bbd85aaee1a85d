import { randomUUID } from 'node:crypto'
import { openLog } from '../../base/log.ts'
import { openMetrics } from '../../base/metrics.ts'
import type { Caller, Chat } from '../../chat/chat.ts'
import { dispatch } from '../../chat/dispatch.ts'
import { openPostQueue } from '../../chat/post-queue.ts'
import { loadSettings } from '../../chat/settings.ts'
import { openLocalDirectory } from '../../directory/local.ts'
import { operator } from '../../domain/operator.ts'
import { openLocalBus } from '../../pool/local.ts'
import type { StoreAddress } from '../../store/address.ts'
import { type Db, openDb, storeRefusal } from '../../store/db.ts'
import { readEpoch } from '../../store/epoch.ts'
import { findCredential } from '../../store/principal.ts'
import { defaultSettings } from '../../store/settings.ts'
import { explainStore } from '../store-verb.ts'
import type { Ask } from './ask.ts'

const connections = 3

/** The verbs on the store itself, by the same functions as a server's, asked by the operator of the machine. */
export async function openOperator(address: StoreAddress): Promise<Ask> {
  const db = openDb(address, { max: connections })
  try {
    const chat = await openChat(db)
    const caller: Caller = { user: operator, administrator: true, session: operator.id, address: 'the command line' }
    return {
      where: 'the store',
      db,
      call: async <Result extends object>(verb: string, input: object) =>
        (await dispatch(chat, caller, 'http', verb, input).catch(throwTold)) as Result,
      close: () => db.end(),
    }
  } catch (error) {
    await db.end()
    throw throwTold(error)
  }
}

function throwTold(error: unknown): never {
  throw storeRefusal(error) ?? new Error(explainStore(error), { cause: error })
}

/** What the verbs share, as of a server that nobody is connected to. */
async function openChat(db: Db): Promise<Chat> {
  const log = openLog('error')
  const metrics = openMetrics()
  // Nobody else hears this bus: servers find in the store what changed.
  const bus = openLocalBus()
  const chat: Chat = {
    member: randomUUID(),
    db,
    bus,
    directory: openLocalDirectory({ findAccount: name => findCredential(db, name) }),
    roster: { list: () => [], count: () => 0, isLarge: () => false },
    posts: openPostQueue({ db, bus, site: undefined, log, metrics }),
    settings: defaultSettings,
    settingsVersion: 0,
    recording: 'off',
    epoch: await readEpoch(db),
    site: undefined,
    servers: () => [],
    takesSessions: () => true,
    // What the servers ask for is not known here: whoever is given a role comes in anew.
    secondFactor: {
      need: 'administrators',
      keys: [],
      pagesUrl: () => '',
      otherPages: () => [],
      passkeyDomain: undefined,
    },
    log,
    metrics,
  }
  await loadSettings(chat)
  return chat
}
