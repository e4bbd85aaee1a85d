import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPeople, password, signedIn } from '../../test/people.ts'
import type { Chat } from './chat.ts'
import { callerOfToken } from './session.ts'
import { beginSetup, completeSetup, createFirstAdministrator, needsSetup } from './setup.ts'
import { writeSignIns } from './sign-in-record.ts'

let people: Awaited<ReturnType<typeof openPeople>>
let chat: Chat
beforeEach(async () => {
  people = await openPeople()
  chat = people.chat
})
afterEach(() => people.close())

const from = { address: '192.0.2.1' }
const first = { user: 'ada@example.com', displayName: 'Ada', password }

test('[SI8] set-up makes the first administrator, whom it signs in, switches chat on for all and names the domain', async () => {
  expect(await needsSetup(chat)).toBe(true)
  const { token, me } = await completeSetup(chat, from, { token: await beginSetup(chat), ...first })
  expect(me).toMatchObject({ name: 'ada@example.com', displayName: 'Ada', administrator: true, enabled: true })
  expect(await callerOfToken(chat, token, '::1')).toMatchObject({ administrator: true })
  expect(await needsSetup(chat)).toBe(false)
  expect(chat.settings.domain).toBe('example.com')
  expect(people.heard.map(head => head.kind).sort()).toEqual(['directory', 'settings'])
  const { rows } = await chat.db.query('SELECT scope, enabled FROM policy')
  expect(rows).toEqual([{ scope: 'global', enabled: true }])
})

test('[SI8] only the newest link works, once, and a refused try does not use it up', async () => {
  const old = await beginSetup(chat)
  const token = await beginSetup(chat)
  for (const bad of [old, '', 'x'])
    await expect(completeSetup(chat, from, { ...first, token: bad })).rejects.toMatchObject({ code: 'forbidden' })
  const short = completeSetup(chat, from, { ...first, token, password: 'short' })
  await expect(short).rejects.toMatchObject({ code: 'invalid_argument' })
  const nameless = completeSetup(chat, from, { ...first, token, user: 'ada' })
  await expect(nameless).rejects.toMatchObject({ code: 'invalid_argument' })
  const racing = await Promise.allSettled(
    ['a', 'b', 'c'].map(name => completeSetup(chat, from, { ...first, token, user: `${name}@example.com` })),
  )
  expect(racing.map(one => one.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
  const { rows } = await chat.db.query('SELECT count(*) AS n FROM principal WHERE administrator')
  expect(rows).toEqual([{ n: 1 }])
  await expect(completeSetup(chat, from, { ...first, token })).rejects.toMatchObject({ code: 'conflict' })
})

test('[SI12] wrong set-up tokens are in the record of sign-ins', async () => {
  const token = await beginSetup(chat)
  await expect(completeSetup(chat, from, { ...first, token: 'x' })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(completeSetup(chat, from, { ...first, token, password: 'short' })).rejects.toThrow()
  await completeSetup(chat, from, { ...first, token })
  await writeSignIns(chat)
  const { rows } = await chat.db.query('SELECT principal IS NULL AS nobody, method, outcome FROM sign_in ORDER BY id')
  expect(rows).toEqual([
    { nobody: true, method: 'set-up', outcome: 'wrong' },
    { nobody: false, method: 'set-up', outcome: 'ok' },
  ])
})

test('[SI9] set-up by environment does the same, and nothing where there is an administrator', async () => {
  const token = await beginSetup(chat)
  await Promise.all([1, 2].map(() => createFirstAdministrator(chat, { user: 'root', password })))
  await createFirstAdministrator(chat, { user: 'other@example.com', password })
  const admin = await signedIn(chat, 'root')
  expect(admin).toMatchObject({ administrator: true, user: { name: 'root@localhost', displayName: 'root' } })
  const { rows } = await chat.db.query("SELECT name FROM principal WHERE kind = 'user'")
  expect(rows).toEqual([{ name: 'root@localhost' }])
  await expect(completeSetup(chat, from, { ...first, token })).rejects.toMatchObject({ code: 'conflict' })
})
