import { checkedName, nameKey } from '../domain/name.ts'
import { checkedEmail } from '../domain/principal.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { isLastAdministrator } from '../store/administrator.ts'
import { isUnitWithin, lockDirectory, reflattenUnits } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import { isShutThere } from '../store/directory-explain.ts'
import { changePrincipal, type Person, type PrincipalChange, resolvePerson } from '../store/principal.ts'
import { endGivenToOfficials } from '../store/second-factor.ts'
import { deleteSessionsOf } from '../store/session.ts'
import { clearAttempts } from '../store/sign-in-failure.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { announce, type News } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { hashed, refuseUnfit, resolveUnit } from './principal.ts'
import { requireProof } from './second-factor.ts'

type Update = Input<'principal.update'>

/** principal.update. Refusals: not_found, invalid_argument, conflict (the last administrator). */
export async function updatePrincipal(chat: Chat, caller: Caller, input: Update): Promise<Result<'principal.update'>> {
  const change: PrincipalChange = {
    displayName: input.displayName === undefined ? undefined : checkedName('displayName', input.displayName),
    email: input.email === undefined ? undefined : checkedEmail(input.email),
    administrator: input.administrator,
    disabled: input.disabled,
    passwordHash: await hashed(chat, input.password),
  }
  const { person, news } = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    const before = await resolvePerson(tx, input.principal)
    await refuseOwned(tx, before, input)
    await refuseUpdate(tx, before, input)
    // A password of one's own is changed with proof, here as by password.change.
    if (input.password !== undefined && before.id === caller.user.id) await requireProof(tx, caller)
    change.parent = await parentAfter(tx, before, input.in)
    await changePrincipal(tx, before.id, change)
    return { person: before, news: await followUp(chat, tx, caller, before, change) }
  })
  announce(chat, news)
  const { id, kind, name } = person
  return { principal: { id, kind, name, displayName: change.displayName ?? person.displayName } }
}

async function refuseUpdate(tx: Connection, person: Person, input: Update): Promise<void> {
  refuseUnfit(person.kind, input)
  if (person.bot && input.password !== undefined)
    throw new Refusal('invalid_argument', 'A bot has no password. Give it a new token with bot.issueToken.')
  const loses = input.administrator === false || input.disabled === true
  if (loses && (await isLastAdministrator(tx, person.id)))
    throw new Refusal('conflict', 'This is the last administrator. Make somebody else one first.')
}

/** What its source owns of a principal is changed there; and who is shut out there is not let in here. */
async function refuseOwned(tx: Connection, person: Person, input: Update): Promise<void> {
  const { source, name } = person
  if (source === '') return
  const { displayName, email, in: unit, password, administrator, disabled } = input
  if ([displayName, email, unit, password].some(given => given !== undefined))
    throw new Refusal(
      'forbidden',
      `"${name}" comes from ${source}, which owns its name, address, unit and password. Change them there.`,
    )
  if (administrator === false && person.administratorBy === 'source')
    throw new Refusal(
      'forbidden',
      `"${name}" is an administrator by a group of ${source}. Take him out of that group there.`,
    )
  if (disabled === false && person.disabled && (await isShutThere(tx, person.id)))
    throw new Refusal('forbidden', `"${name}" is disabled or deleted in ${source}. Enable him there.`)
}

/** Undefined where `in` is not given. */
async function parentAfter(tx: Connection, person: Person, ref: string | null | undefined) {
  if (ref === undefined || ref === null) return ref
  const unit = await resolveUnit(tx, ref)
  if (await isUnitWithin(tx, unit, person.id))
    throw new Refusal('invalid_argument', 'An organisational unit cannot lie in itself or in one that lies in it.')
  return unit
}

/** Flattens, ends sessions, writes the audit record, raises the version: what hangs on the change. */
async function followUp(
  chat: Chat,
  tx: Connection,
  caller: Caller,
  before: Person,
  change: PrincipalChange,
): Promise<News> {
  const moved = change.parent !== undefined && change.parent !== before.parent
  if (moved) await reflattenUnits(tx, [before.id])
  const disabled = change.disabled === true
  const newPassword = change.passwordHash !== undefined
  // Whoever changes his own password here keeps the session that he does it in.
  const except = !disabled && before.id === caller.user.id ? caller.session : undefined
  // Who becomes an administrator comes in anew, with the second factor that he needs now.
  const promoted = change.administrator === true && !before.administrator && chat.secondFactor.need === 'administrators'
  const ended = disabled || newPassword || promoted ? await deleteSessionsOf(tx, before.id, except) : []
  if (change.administrator === true) ended.push(...(await endGivenToOfficials(tx)))
  if (newPassword) await clearAttempts(tx, nameKey(before.name))
  const { passwordHash: _, ...told } = change
  await audit(tx, caller.user.id, 'principal.update', before.id, newPassword ? { ...told, newPassword } : told)
  const rights =
    moved ||
    ended.length > 0 ||
    (change.disabled !== undefined && change.disabled !== before.disabled) ||
    (change.administrator !== undefined && change.administrator !== before.administrator)
  return { ended, directory: rights ? await raiseDirectory(tx, [before.id]) : undefined }
}
