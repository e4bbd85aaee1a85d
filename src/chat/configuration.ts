import { checkedName, nameKey } from '../domain/name.ts'
import { isLike } from '../domain/wildcard.ts'
import type { Configuration } from '../protocol/configuration-verbs.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { PoolSettings } from '../protocol/settings-verbs.ts'
import { audit } from '../store/audit.ts'
import {
  deleteConfiguration as deleteConfigurationRow,
  putConfiguration,
  readConfigurations,
  type ScopedOptions,
  scopedOptions,
} from '../store/configuration.ts'
import { type Queryable, transaction } from '../store/db.ts'
import { changeSettings, readOwnSettings, resetSettings } from '../store/settings.ts'
import { raiseSettings } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { checkManagementUrl, loadSettings } from './settings.ts'

/**
 * configuration.set: makes or changes the options of a scope, on every server at once. What the global scope has is what settings.get
 * tells. Refusal invalid_argument.
 */
export async function setConfiguration(
  chat: Chat,
  caller: Caller,
  input: Input<'configuration.set'>,
): Promise<Result<'configuration.set'>> {
  const scope = checkedScope(input.scope)
  const { set, unset } = optionsOf(input)
  checkManagementUrl('roomManagementUrl', set.roomManagementUrl)
  const { configuration, settings } = await transaction(chat.db, async tx => {
    if (scope === 'global') {
      await resetSettings(tx, unset)
      await changeSettings(tx, set)
    } else await putConfiguration(tx, scope, set, unset)
    const { scope: _, ...detail } = input
    await audit(tx, caller.user.id, 'configuration.set', scope, detail)
    const configuration = (await readAll(tx)).find(one => one.scope === scope)!
    return { configuration, settings: await raiseSettings(tx) }
  })
  await tell(chat, settings)
  return { configuration }
}

/** configuration.list: global, sites, pools. What a scope has not of its own is shown as the global value. */
export async function listConfigurations(
  chat: Chat,
  _caller: Caller,
  input: Input<'configuration.list'>,
): Promise<Result<'configuration.list'>> {
  const all = await readAll(chat.db)
  const { filter } = input
  return { configurations: filter === undefined ? all : all.filter(({ scope }) => isLike(filter, scope)) }
}

/** configuration.delete: the servers of that site or pool go by the next scope; the global options are the defaults again. Refusal not_found. */
export async function deleteConfiguration(
  chat: Chat,
  caller: Caller,
  input: Input<'configuration.delete'>,
): Promise<Result<'configuration.delete'>> {
  const scope = checkedScope(input.scope)
  const settings = await transaction(chat.db, async tx => {
    if (scope === 'global') await resetSettings(tx, [...scopedOptions])
    else if (!(await deleteConfigurationRow(tx, scope))) throw notFound('configuration')
    await audit(tx, caller.user.id, 'configuration.delete', scope)
    return raiseSettings(tx)
  })
  await tell(chat, settings)
  return {}
}

async function tell(chat: Chat, settings: number): Promise<void> {
  await loadSettings(chat)
  announce(chat, { settings })
}

function checkedScope(scope: string): string {
  const clean = scope.trim()
  if (nameKey(clean) === 'global') return 'global'
  const [, kind, name] = /^(site|pool):(.*)$/is.exec(clean) ?? []
  if (kind === undefined)
    throw new Refusal('invalid_argument', 'scope is global, site:<name> or pool:<name>. Name one of them.')
  return `${kind.toLowerCase()}:${nameKey(checkedName('scope', name!))}`
}

/** The input under the names of the settings: what is set, and what is taken back. */
function optionsOf(input: Input<'configuration.set'>): { set: ScopedOptions; unset: string[] } {
  const { scope: _, maxFileKb, ...others } = input
  const given = { ...others, ...(maxFileKb === undefined ? {} : { maxFileBytes: maxFileKb && maxFileKb * 1024 }) }
  const entries = Object.entries(given)
  return {
    set: Object.fromEntries(entries.filter(([, value]) => value !== null)),
    unset: entries.flatMap(([name, value]) => (value === null ? [name] : [])),
  }
}

async function readAll(q: Queryable): Promise<Configuration[]> {
  const { settings, own } = await readOwnSettings(q)
  const scopes = await readConfigurations(q)
  return [{ scope: 'global', options: own }, ...scopes].map(({ scope, options }) =>
    toConfiguration(scope, settings, options),
  )
}

function toConfiguration(scope: string, global: PoolSettings, options: ScopedOptions): Configuration {
  const { defaultChatHistory, maxFileBytes, participantUpdateLimit, roomManagementUrl } = { ...global, ...options }
  const own = scopedOptions.filter(name => options[name] !== undefined)
  return {
    ...{ scope, defaultChatHistory, participantUpdateLimit, roomManagementUrl },
    maxFileKb: maxFileBytes / 1024,
    own: own.map(name => (name === 'maxFileBytes' ? 'maxFileKb' : name)),
  }
}
