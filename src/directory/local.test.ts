import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { openLocalDirectory } from './local.ts'
import { hashWithArgon2, verifyArgon2 } from './password-hash.ts'

const alice = { id: 'a', kind: 'user', name: 'alice@example.com', displayName: 'Alice', administrator: false } as const

test('[SI1] a password is kept as argon2id with its own salt and cost, and is found again however accents were typed', async () => {
  const [one, two] = await Promise.all([hashWithArgon2('pass\u00e9word'), hashWithArgon2('pass\u00e9word')])
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(one).not.toBe(two)
  expect(await verifyArgon2('passe\u0301word', one!)).toBe(true)
  expect(await verifyArgon2('password', one!)).toBe(false)
})

test('[SI1] the cost is read from the stored hash, so that older ones stay good', async () => {
  const { argon2Sync } = await import('node:crypto')
  const salt = Buffer.from('somesalt')
  const tag = argon2Sync('argon2id', {
    message: 'password',
    nonce: salt,
    memory: 256,
    passes: 3,
    parallelism: 2,
    tagLength: 24,
  })
  const b64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  const stored = `$argon2id$v=19$m=256,t=3,p=2$${b64(salt)}$${b64(tag)}`
  expect(await verifyArgon2('password', stored)).toBe(true)
  await expect(verifyArgon2('password', '$2b$10$abc')).rejects.toThrow(/PHC/)
})

test('[SI4] unknown names, bots, disabled users and users without a password take as long as a wrong password and never enter', async () => {
  const passwordHash = await hashWithArgon2('secret password')
  const accounts = new Map<string, { passwordHash: string | null; mayUse: boolean }>([
    ['alice', { passwordHash, mayUse: true }],
    ['bot', { passwordHash, mayUse: false }],
    ['empty', { passwordHash: null, mayUse: true }],
  ])
  const directory = openLocalDirectory({
    async findAccount(name) {
      const found = accounts.get(name)
      return found && { principal: alice, ...found }
    },
  })
  const timed = async (name: string, typed: string) => {
    const start = performance.now()
    const found = await directory.authenticate(name, typed)
    return { found, ms: performance.now() - start }
  }
  expect((await timed('alice', 'secret password')).found).toEqual(alice)
  // The shortest of three: the machine may be busy.
  const wrong = Math.min(
    ...[await timed('alice', 'a'), await timed('alice', 'b'), await timed('alice', 'c')].map(one => one.ms),
  )
  for (const [name, typed] of [
    ['nobody', 'x'],
    ['bot', 'secret password'],
    ['empty', ''],
  ] as const) {
    const other = await timed(name, typed)
    expect(other.found, name).toBeUndefined()
    expect(other.ms, name).toBeGreaterThan(wrong / 3)
  }
})

test('[SI5] [OP6] half of the cores look at passwords, and whoever would wait too long is refused', async () => {
  let asked = 0
  const directory = openLocalDirectory({
    async findAccount() {
      asked += 1
      return undefined
    },
  })
  const atOnce = Math.max(1, Math.min(3, Math.floor(availableParallelism() / 2)))
  const few = [1, 2, 3, 4, 5].map(() => directory.hashPassword('a long password'))
  expect(directory.waiting!()).toBe(5 - atOnce)
  directory.refuseCrowd!()
  await Promise.all(few)
  expect(directory.waiting!()).toBe(0)
  const refusals: { code: string; retryAfterMs: number }[] = []
  for (let count = 0; count < 1_000; count += 1) directory.authenticate('x', 'y').catch(error => refusals.push(error))
  await new Promise(resolve => setImmediate(resolve))
  // Before one of them has had its turn: their line is as long as may be.
  expect(() => directory.refuseCrowd!()).toThrow(/Try again/)
  await expect.poll(() => refusals.length).toBeGreaterThan(100)
  expect(asked).toBe(1_000)
  // One may have had its turn meanwhile.
  expect(directory.waiting!()).toBeLessThanOrEqual(1_000 - refusals.length - atOnce)
  expect(directory.waiting!()).toBeGreaterThan(0)
  for (const refusal of refusals)
    expect(refusal).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) })
  // The rest is not waited for: some seconds.
})
