import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { topologyOf, twoPools } from '../../test/topology-document.ts'
import { planServer } from '../topology/plan.ts'
import { certificateDoing } from './bootstrap-certificate.ts'
import { databaseDoing } from './bootstrap-database.ts'
import type { Site } from './bootstrap-doing.ts'
import { issueCertificate, keepInternalAuthority, newKey } from './internal-authority.ts'
import { isMounted } from './probe-folder.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pchat-care-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('[BS65] a folder of its own disk or share is known, which --remove leaves where it is', async () => {
  expect([await isMounted('/proc'), await isMounted(folder)]).toEqual([true, false])
})

test('[BS67] a certificate that was brought and soon ends stops no step; one that has ended does', async () => {
  const [certFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')]
  const plan = { fqdn: 'chat1.example.com', certificate: { from: 'files', certFile, keyFile }, processes: [] }
  const { look } = certificateDoing({ plan } as unknown as Site)
  const authority = await keepInternalAuthority(join(folder, 'authority'))
  const key = newKey()
  const bring = async (days: number) => {
    await writeFile(keyFile, key.privateKey, { mode: 0o600 })
    await writeFile(certFile, await issueCertificate(authority, [plan.fqdn], key, days))
  }
  await bring(5)
  expect(await look()).toMatchObject({ done: true })
  await bring(0)
  await expect(look()).rejects.toThrow('Put a certificate into')
})

test('[BS66] without an administrator nobody is sent to set a password that running servers have', async () => {
  const secret = join(folder, 'store.secret')
  await writeFile(secret, 'not that one', { mode: 0o600 })
  const document = twoPools()
  for (const { store } of document.persistentChatPools)
    Object.assign(store, { hosts: [{ host: '127.0.0.1', port: 9 }], password: `file:${secret}`, tls: false })
  const plan = planServer(topologyOf(document), 'chat1.example.com')!
  const [store] = databaseDoing({ plan, env: {}, adminUrls: [] } as unknown as Site)
  await expect(store!.act()).rejects.toThrow(`change nothing in the database: copy ${secret} from its machine`)
})
