import { expect, test } from 'vitest'
import { openScriptedDirectory } from '../../test/scripted-directory.ts'
import { openAccounts } from './accounts.ts'
import type { Directory } from './directory.ts'

const principal = (id: string) =>
  ({ id, kind: 'user', name: `${id}@corp.example`, displayName: id, administrator: false }) as const
const accounts = new Map([
  ['own', { principal: principal('own'), source: '', externalId: null, mayUse: true }],
  ['ann', { principal: principal('ann'), source: 'corp', externalId: '1', mayUse: true }],
  ['off', { principal: principal('off'), source: 'corp', externalId: '2', mayUse: false }],
  ['lost', { principal: principal('lost'), source: 'elsewhere', externalId: '1', mayUse: true }],
])

function open(more: { timeoutMs?: number; localMs?: number } = {}) {
  const corp = openScriptedDirectory()
  corp.passwords.set('1', 'right').set('2', 'right')
  const asked: string[] = []
  const local: Directory = {
    async authenticate(name, password) {
      asked.push(name)
      await new Promise(resolve => setTimeout(resolve, more.localMs ?? 5))
      return name === 'own' && password === 'right' ? principal('own') : undefined
    },
    hashPassword: async password => password,
  }
  const findAccount = async (name: string) => accounts.get(name)
  const { timeoutMs } = more
  const directory = openAccounts({
    local,
    findAccount,
    sources: new Map([['corp', corp]]),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  return { corp, asked, directory }
}

test('[DS22] a password is looked at where it is kept, and nowhere else', async () => {
  const { corp, asked, directory } = open()
  let binds = 0
  corp.beforePassword = () => {
    binds += 1
  }
  expect(await directory.authenticate('own', 'right')).toMatchObject({ id: 'own' })
  expect(binds).toBe(0)
  expect(await directory.authenticate('ann', 'right')).toMatchObject({ id: 'ann' })
  expect(asked).toEqual(['own'])
  for (const [name, password] of [
    ['own', 'wrong'],
    ['ann', 'wrong'],
    ['ann', ''],
    ['off', 'right'],
    ['lost', 'right'],
    ['nobody', 'right'],
  ] as const)
    expect(await directory.authenticate(name, password), `${name} ${password}`).toBeUndefined()
  expect(binds, 'an empty password and a disabled user are not even asked about').toBe(2)
})

test('[DS27] a directory that is away or thinks for too long is unavailable, not a wrong password, and names no host', async () => {
  const { corp, directory } = open({ timeoutMs: 50 })
  corp.away = 'ldaps://dc1.corp.example is not reached'
  await expect(directory.authenticate('ann', 'right')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.not.stringMatching(/dc1/),
    cause: { message: corp.away },
  })
  corp.away = undefined
  corp.beforePassword = () => new Promise(() => {})
  await expect(directory.authenticate('ann', 'right')).rejects.toMatchObject({ code: 'unavailable' })
  // Whose password is kept here signs in all the same.
  expect(await directory.authenticate('own', 'right')).toMatchObject({ id: 'own' })
})

test('[DS27] so many at a time are asked about; who would wait too long is told to come again', async () => {
  const { corp, directory } = open({ timeoutMs: 60_000 })
  let running = 0
  let most = 0
  const free = Promise.withResolvers<void>()
  corp.beforePassword = async () => {
    running += 1
    most = Math.max(most, running)
    await free.promise
    running -= 1
  }
  const tries = Array.from({ length: 3_000 }, () => directory.authenticate('ann', 'right').catch(error => error))
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(most).toBe(16)
  expect(directory.waiting!()).toBeGreaterThan(100)
  free.resolve()
  const answers = await Promise.all(tries)
  const refused = answers.filter(answer => answer.code !== undefined)
  expect(refused.length).toBeGreaterThan(100)
  for (const one of refused) expect(one).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) })
  expect(answers.length - refused.length).toBeGreaterThan(1_000)
})

test('[DS28] an unknown name and a wrong password of either kind take about equally long', async () => {
  const { corp, directory } = open()
  corp.beforePassword = () => new Promise(resolve => setTimeout(resolve, 600))
  await directory.authenticate('ann', 'wrong')
  for (const name of ['ann', 'own', 'nobody', 'off', 'lost']) {
    const beganAt = performance.now()
    expect(await directory.authenticate(name, 'wrong')).toBeUndefined()
    expect(performance.now() - beganAt, name).toBeGreaterThan(300)
  }
  // Who is right does not wait for that.
  const beganAt = performance.now()
  await directory.authenticate('own', 'right')
  expect(performance.now() - beganAt).toBeLessThan(300)
})
