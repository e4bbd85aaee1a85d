import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addPasskey, addTotp, askSignIn, codeOf, firstStep, stranger } from './factor-people.ts'
import { makeFolder } from './folder.ts'
import { openSite, password, type Site } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'

/** The program as an operator starts it, with two workers, beside a server of this process. */
let site: Site
let program: Pchat
let folder: string
let url: string
beforeAll(async () => {
  site = await openSite()
  folder = await makeFolder('pchat-factor-program')
  await writeFile(join(folder, 'keys'), Buffer.alloc(32, 3).toString('base64'))
  const { host, user, database } = site.database.address
  program = runPchat([
    ...['start', '--port', '0', '--workers', '2', '--data-dir', join(folder, 'data'), '--server', 'other'],
    ...['--database-url', `postgres://${user}@${encodeURIComponent(host)}/${database}`],
    ...['--factor-key-file', join(folder, 'keys'), '--url', 'https://chat7.example.com'],
    ...['--passkey-domain', 'example.com'],
  ])
  url = await program.ready()
}, 120_000)
afterAll(async () => {
  program?.kill('SIGKILL')
  await program?.ended
  await site?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('[SF17] the workers of a server have its key file, its address and its passkey domain', async () => {
  await site.addUser('ann@example.com')
  const { token } = (await askSignIn(url, { user: 'ann', password })).result!
  const ann = stranger(url, token)
  const { secret } = await addTotp(ann)
  const { rows } = await site.db.query<{ sealed: string | null }>('SELECT sealed_with AS sealed FROM totp')
  expect(rows[0]?.sealed).toMatch(/^[0-9a-f]{16}$/)
  const { authenticator } = await addPasskey(ann, 'https://chat7.example.com')
  for (let n = 0; n < 4; n += 1) {
    const { options } = await stranger(url).call('session.challenge', {})
    expect(options).toMatchObject({ rpId: 'example.com' })
    expect((await askSignIn(url, { passkey: authenticator.get(options) })).error).toBeUndefined()
  }
  await site.db.query('UPDATE totp SET last_step = 0')
  const { ticket } = await firstStep(url, 'ann')
  expect((await askSignIn(url, { ticket, code: codeOf(secret) })).error).toBeUndefined()
})

test('[SI13] a refused try of a second ago survives the death of its server', async () => {
  await askSignIn(url, { user: 'ann', password: 'wrong password' })
  const newest = async () => (await site.admin.call('session.record', { user: 'ann@example.com', limit: 1 })).entries[0]
  // Within a second, unless the machine is slow; in any case without an orderly end.
  await expect.poll(newest, { timeout: 10_000 }).toMatchObject({ method: 'password', outcome: 'wrong' })
  program.kill('SIGKILL')
  await program.ended
  expect(await newest()).toMatchObject({ method: 'password', outcome: 'wrong' })
})
