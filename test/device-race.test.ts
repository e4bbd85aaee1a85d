import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../src/chat/chat.ts'
import { askDevice, beginDevice, confirmDevice } from '../src/chat/device.ts'
import { callerOfToken } from '../src/chat/session.ts'
import { transaction } from '../src/store/db.ts'
import { endByProvider, insertVouch } from '../src/store/oidc.ts'
import { openSite, type Person, password, personAt, type Site, signInAt } from './harness.ts'
import { openRaceServer, openStore, type RaceServer, type Store } from './race-server.ts'

/** What ends the sign-in that a device was allowed from, in the very moment in which the device gets its own. */

let site: Site
let store: Store
let other: RaceServer
let made = 0
beforeAll(async () => {
  site = await openSite()
  store = await openStore(site)
  other = await openRaceServer(site)
})
afterAll(async () => {
  await other?.stop()
  await site?.stop()
})

const address = '127.0.0.1'

/** Somebody who has allowed a device that has not asked yet. */
async function addAllowing() {
  made += 1
  const person = await site.addUser(`user${made}@example.com`)
  const seat = await signInAt(site.url, person.me.name)
  const caller = (await callerOfToken(other.chat, seat.token, address)) as Caller
  const begun = await beginDevice(other.chat, { client: 'A terminal', address })
  await confirmDevice(other.chat, caller, { userCode: begun.userCode, allow: true })
  const { rows } = await site.db.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  return {
    person,
    caller,
    allowedAt: rows[0]!.now,
    ask: () => askDevice(other.chat, { deviceCode: begun.deviceCode, address }),
  }
}

async function openedSince({ me }: Person, at: Date) {
  const { rows } = await site.db.query('SELECT id FROM session WHERE principal = $1 AND created_at > $2', [me.id, at])
  return rows
}

const changes: Record<string, (person: Person, caller: Caller) => Promise<unknown>> = {
  'a sign-out': (person, { session }) => person.call('session.end', { session }),
  'a new password': person => person.call('password.change', { password, newPassword: `${password} anew` }),
  'a reset of the factors': ({ me }) => site.admin.call('factor.reset', { user: me.id }),
  'an end by an administrator': ({ me }) => site.admin.call('session.end', { user: me.id }),
  'a disabling': ({ me }) => site.admin.call('principal.update', { principal: me.id, disabled: true }),
}

test.each(Object.keys(changes))('[OI17] %s just before a device is let in keeps it out', async name => {
  const { person, caller, allowedAt, ask } = await addAllowing()
  const held = other.gate.hold('before', 'FOR SHARE', 'transaction')
  const asked = ask()
  await held.reached
  await changes[name]!(person, caller)
  held.release()
  expect(await asked).toEqual({ status: 'denied' })
  expect(await openedSince(person, allowedAt)).toEqual([])
})

test.each(['a new password', 'a reset of the factors', 'an end by an administrator', 'a disabling'])(
  '[OI17] %s while a device is let in waits, and ends its sign-in, too',
  async name => {
    const { person, caller, allowedAt, ask } = await addAllowing()
    const held = other.gate.hold('before', 'INSERT INTO session', 'transaction')
    const asked = ask()
    await held.reached
    const change = changes[name]!(person, caller)
    await store.waiting(1)
    held.release()
    const answer = await asked
    await change
    expect(await openedSince(person, allowedAt)).toEqual([])
    // It may be ended before the device is told of it.
    if (answer.status === 'allowed')
      expect(await personAt(site.url, answer.token, answer.me).code('session.list', {})).toBe('unauthenticated')
    else expect(answer).toEqual({ status: 'denied' })
  },
)

test('[OI17] a logout at the provider while a device is let in ends its sign-in, too', async () => {
  const { person, caller, allowedAt, ask } = await addAllowing()
  await transaction(site.db, tx =>
    insertVouch(tx, caller.session, {
      ...{ provider: 'idp', subject: caller.user.id, sid: 'one' },
      ...{ refreshToken: Buffer.from('sealed'), minutes: 5 },
    }),
  )
  const held = other.gate.hold('before', 'INSERT INTO oidc_session', 'transaction')
  const asked = ask()
  await held.reached
  let isOver = false
  const logout = transaction(site.db, tx => endByProvider(tx, 'idp', { subject: caller.user.id, sid: 'one' })).finally(
    () => {
      isOver = true
    },
  )
  await store.waiting(1)
  expect(isOver).toBe(false)
  held.release()
  await asked
  const ended = (await logout).map(one => one.session)
  expect(ended).toHaveLength(2)
  expect(ended).toContain(caller.session)
  expect(await openedSince(person, allowedAt)).toEqual([])
})

test('[OI17] a sign-in of a device that is ended before the device is told of it is denied', async () => {
  const { person, ask } = await addAllowing()
  const held = other.gate.hold('before', 'find-session')
  const asked = ask()
  await held.reached
  await site.admin.call('principal.update', { principal: person.me.id, disabled: true })
  held.release()
  expect(await asked).toEqual({ status: 'denied' })
})

test('[OI17] a sign-in that has expired lets no device in', async () => {
  const { caller, ask } = await addAllowing()
  await site.db.query("UPDATE session SET expires_at = now() - interval '1 second' WHERE id = $1", [caller.session])
  expect(await ask()).toEqual({ status: 'denied' })
})
