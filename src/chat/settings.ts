import { openNetworks } from '../base/address.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { PoolSettings } from '../protocol/settings-verbs.ts'
import { audit } from '../store/audit.ts'
import { transaction } from '../store/db.ts'
import { changeSettings, readSettings } from '../store/settings.ts'
import { raiseSettings } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'

/** Reads the pool's options anew; at start, and when another server tells of a newer version. */
export async function loadSettings(chat: Chat): Promise<void> {
  const { settings, recording, version } = await readSettings(chat.db)
  // Two loads may end in the other order. A restored store may be older, and that one starts anew (epoch).
  if (version < chat.settingsVersion) return
  chat.settings = settings
  // Full stays full until the outbox is looked at again.
  if (!recording) chat.recording = 'off'
  else if (chat.recording === 'off') chat.recording = 'on'
  chat.settingsVersion = version
}

/** The domain that was given at start stands in room URIs from now on. */
export async function setDomain(chat: Chat, domain: string): Promise<void> {
  if (chat.settings.domain === domain) return
  await transaction(chat.db, async tx => {
    await changeSettings(tx, { domain })
    await raiseSettings(tx)
  })
  await loadSettings(chat)
}

/** settings.get */
export async function getSettings(
  chat: Chat,
  _caller: Caller,
  _input: Input<'settings.get'>,
): Promise<Result<'settings.get'>> {
  return { settings: (await readSettings(chat.db)).settings }
}

/** settings.update: what is not named stays. Refusal invalid_argument. */
export async function updateSettings(
  chat: Chat,
  caller: Caller,
  input: Input<'settings.update'>,
): Promise<Result<'settings.update'>> {
  checkSettings(input.settings)
  const settings = await transaction(chat.db, async tx => {
    await changeSettings(tx, input.settings)
    await audit(tx, caller.user.id, 'settings.update', 'pool', input.settings)
    return raiseSettings(tx)
  })
  await loadSettings(chat)
  announce(chat, { settings })
  return { settings: chat.settings }
}

/** What a schema cannot say. */
function checkSettings(settings: Partial<PoolSettings>): void {
  const { trustedNetworks, roomManagementUrl, domain } = settings
  try {
    openNetworks(trustedNetworks ?? [])
  } catch (error) {
    throw new Refusal('invalid_argument', `settings.trustedNetworks: ${(error as Error).message}.`)
  }
  if (roomManagementUrl && !/^https?:$/.test(URL.parse(roomManagementUrl)?.protocol ?? ''))
    throw new Refusal(
      'invalid_argument',
      'settings.roomManagementUrl is no http or https address. Leave it empty for the built-in pages.',
    )
  if (domain !== undefined && !/^[^\s@/]+$/u.test(domain))
    throw new Refusal('invalid_argument', 'settings.domain is a name such as example.com, without spaces, @ and /.')
}
