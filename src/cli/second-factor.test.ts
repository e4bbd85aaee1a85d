import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addTotp, askSignIn, codeOf, firstStep, stranger } from '../../test/factor-people.ts'
import { makeFolder } from '../../test/folder.ts'
import { openSite, password, type Site } from '../../test/harness.ts'
import { runPchat } from '../../test/pchat.ts'
import { readFactorKeys } from './factor-key.ts'

let site: Site
let url: string
let folder: string
beforeAll(async () => {
  site = await openSite()
  folder = await makeFolder('pchat-factor')
  const { host, user, database } = site.database.address
  url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
})
afterAll(async () => {
  await site.stop()
  await rm(folder, { recursive: true, force: true })
})

async function reset(...args: string[]) {
  const program = runPchat(['second-factor', 'reset', ...args], { env: { PCHAT_DATABASE_URL: url } })
  return { code: await program.ended, said: program.said() }
}
const code = async (answer: Promise<{ error?: { code: string } | undefined }>) => (await answer).error?.code ?? 'ok'

test('[SF16] on the machine itself the operator takes the factors of a user away, also of the last administrator', async () => {
  await addTotp(site.admin)
  const live = await site.admin.open()
  expect(await reset('admin')).toMatchObject({
    code: 0,
    said: expect.stringMatching(/^admin has no second factor any more; 1 /),
  })
  expect((await live.closed).code).toBe(4003)
  const again = await askSignIn(site.url, { user: 'admin', password })
  expect(again.result?.me.administrator).toBe(true)
  const { entries } = await stranger(site.url, again.result!.token).call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({
    actor: { name: 'operator' },
    action: 'factor.reset',
    subject: again.result!.me.id,
  })
  expect(JSON.parse((await reset('admin@example.com', '--json')).said)).toEqual({ ended: 1 })
})

test('[SF19] --what-if of the reset says what would be taken, and takes nothing', async () => {
  const { token } = (await askSignIn(site.url, { user: 'admin', password })).result!
  await addTotp(stranger(site.url, token))
  const tried = await reset('admin', '--what-if')
  expect(tried).toMatchObject({ code: 0 })
  expect(tried.said).toMatch(
    /^user admin@example\.com +second factors +an authenticator app, 10 recovery codes +none\nuser admin@example\.com +sign-ins +1 +0$/m,
  )
  const { changes } = JSON.parse((await reset('admin', '--what-if', '--json')).said)
  expect(changes).toHaveLength(2)
  expect((await askSignIn(site.url, { user: 'admin', password })).error?.code).toBe('second_factor_required')
  expect(await reset('nobody', '--what-if')).toMatchObject({ code: 1, said: expect.stringMatching(/nobody@/) })
  expect((await reset('admin')).code).toBe(0)
  expect((await reset('admin', '--what-if')).said).toBe('Nothing would change.\n')
})

test('[SF16] whom there is not, and a store without a pool, are told in a sentence', async () => {
  expect(await reset('nobody')).toMatchObject({ code: 1, said: expect.stringMatching(/nobody@example\.com/) })
  expect(await reset('example.com@')).toMatchObject({ code: 1 })
  expect((await reset()).code).toBe(2)
})

test('[SF17] with a key the secrets of apps are encrypted in the store, and only servers that have it can check codes', async () => {
  const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const ann = (await askSignIn(site.url, { user: 'admin', password })).result!
  const admin = stranger(site.url, ann.token)
  await admin.call('principal.create', { kind: 'user', name: 'ann@example.com', displayName: 'ann', password })
  const sealing = await site.another({ factorKeys: [old] })
  const hers = (await askSignIn(sealing.url, { user: 'ann', password })).result!
  const { secret, recoveryCodes } = await addTotp(stranger(sealing.url, hers.token))
  const raw = Buffer.from(
    secret
      .replace(/./g, letter => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
      .match(/.{8}/g)!
      .map(bits => Number.parseInt(bits, 2)),
  )
  const kept = async () => {
    const { rows } = await site.db.query<{ secret: Buffer; sealed_with: string | null }>(
      'SELECT secret, sealed_with FROM totp',
    )
    return rows[0]!
  }
  const first = await kept()
  expect(first.sealed_with).toMatch(/^[0-9a-f]{16}$/)
  expect(first.secret.includes(raw)).toBe(false)
  const sign = async (at: string) => {
    await site.db.query('UPDATE totp SET last_step = 0')
    return code(askSignIn(at, { ticket: (await firstStep(at, 'ann')).ticket, code: codeOf(secret) }))
  }
  expect(await sign(sealing.url)).toBe('ok')
  // Without the key: try later, elsewhere or another way; nobody guessed.
  for (let n = 0; n < 12; n += 1) expect(await sign(site.url)).toBe('unavailable')
  const { ticket } = await firstStep(site.url, 'ann')
  expect(await code(askSignIn(site.url, { ticket, recoveryCode: recoveryCodes[0]! }))).toBe('ok')
  // A new key takes hold with the next use; then the old one is needed no more.
  const turning = await site.another({ factorKeys: [fresh, old] })
  expect(await sign(turning.url)).toBe('ok')
  expect((await kept()).sealed_with).not.toBe(first.sealed_with)
  const turned = await site.another({ factorKeys: [fresh] })
  expect(await sign(turned.url)).toBe('ok')
  expect(await sign(sealing.url)).toBe('unavailable')
  // The secret of another row does not open there.
  await site.db.query("UPDATE totp SET principal = (SELECT id FROM principal WHERE name = 'admin@example.com')")
  expect(
    await code(askSignIn(turned.url, { ticket: (await firstStep(turned.url, 'admin')).ticket, code: codeOf(secret) })),
  ).toBe('internal')
})

test('[SF17] a key file holds keys of 32 bytes, one a line; any other is told before the server starts', async () => {
  const path = join(folder, 'keys')
  const key = Buffer.alloc(32, 7)
  await writeFile(path, `${Buffer.alloc(32, 8).toString('base64')}\n\n ${key.toString('base64')} \n`)
  expect((await readFactorKeys(path)).map(one => Buffer.from(one).toString('hex'))).toEqual([
    Buffer.alloc(32, 8).toString('hex'),
    key.toString('hex'),
  ])
  expect(await readFactorKeys(undefined)).toEqual([])
  await writeFile(path, 'too short\n')
  const program = runPchat(['start', '--data-dir', join(folder, 'data'), '--port', '0', '--factor-key-file', path])
  expect(await program.ended).toBe(2)
  expect(program.said()).toMatch(/--factor-key-file .* holds no keys of 32 bytes in base64.*openssl rand/)
  await writeFile(path, '')
  await expect(readFactorKeys(path)).rejects.toThrow(/openssl/)
  await expect(readFactorKeys(join(folder, 'none'))).rejects.toThrow(/ENOENT/)
})
