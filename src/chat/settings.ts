import { openNetworks } from '../base/address.ts'
import { nameKey } from '../domain/name.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { PoolSettings } from '../protocol/settings-verbs.ts'
import { fullAdministrator } from '../protocol/verb.ts'
import { audit } from '../store/audit.ts'
import { transaction } from '../store/db.ts'
import { changeSettings, readSettings, resolveSettings } from '../store/settings.ts'
import { raiseSettings } from '../store/stamp.ts'
import { holdsRole } from './access.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'

/** Reads the options of this server anew; at start, and when another server tells of a newer version. The pool's own win, then its site's. */
export async function loadSettings(chat: Chat): Promise<void> {
  const scopes = Object.entries({ site: chat.site, pool: chat.pool })
  const named = scopes.flatMap(([kind, name]) => (name === undefined ? [] : [`${kind}:${nameKey(name)}`]))
  const { settings, recording, version } = await resolveSettings(chat.db, named)
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
    await audit(tx, null, 'settings.update', 'pool', { domain })
    await raiseSettings(tx)
  })
  await loadSettings(chat)
}

/** settings.get: the global ones, whatever the site and the pool of this server have of their own. */
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
  const change = await permittedChange(chat, caller, input.settings)
  const settings = await transaction(chat.db, async tx => {
    await changeSettings(tx, change)
    await audit(tx, caller.user.id, 'settings.update', 'pool', change)
    return raiseSettings(tx)
  })
  await loadSettings(chat)
  announce(chat, { settings })
  return { settings: (await readSettings(chat.db)).settings }
}

/** They say how people sign in, which who manages Persistent Chat alone has no say in. */
const signInOptions = [
  'sessionDays',
  'signInRecordDays',
  'failedSignInsPerMinute',
  'lockoutThreshold',
  'lockoutSeconds',
  'trustedNetworks',
] as const

/** What the caller may write of it. As they stand others may send those options along; written are they by nobody else. */
async function permittedChange(
  chat: Chat,
  caller: Caller,
  wanted: Partial<PoolSettings>,
): Promise<Partial<PoolSettings>> {
  const named = signInOptions.filter(name => wanted[name] !== undefined)
  if (named.length === 0 || (await holdsRole(chat, caller, fullAdministrator.callers))) return wanted
  const { settings } = await readSettings(chat.db)
  const changed = named.filter(name => JSON.stringify(wanted[name]) !== JSON.stringify(settings[name]))
  if (changed.length > 0)
    throw new Refusal(
      'forbidden',
      `Only full administrators change how people sign in (${changed.join(', ')}). Ask one, or leave it out.`,
    )
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => !named.some(one => one === name)))
}

/** What a schema cannot say. */
function checkSettings(settings: Partial<PoolSettings>): void {
  const { trustedNetworks, domain } = settings
  try {
    openNetworks(trustedNetworks ?? [])
  } catch (error) {
    throw new Refusal('invalid_argument', `settings.trustedNetworks: ${(error as Error).message}.`)
  }
  checkManagementUrl('settings.roomManagementUrl', settings.roomManagementUrl)
  if (domain !== undefined && !/^[^\s@/]+$/u.test(domain))
    throw new Refusal('invalid_argument', 'settings.domain is a name such as example.com, without spaces, @ and /.')
}

/** Where rooms are created and managed instead of here; `what` names it in the refusal. */
export function checkManagementUrl(what: string, url: string | undefined): void {
  if (url && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new Refusal('invalid_argument', `${what} is no http or https address. Leave it empty for the built-in pages.`)
}
