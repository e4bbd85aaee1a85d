import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from '../../test/folder.ts'
import { certificateDoing } from './bootstrap-certificate.ts'
import type { Site } from './bootstrap-doing.ts'
import { issueCertificate, keepInternalAuthority, newKey } from './internal-authority.ts'

let folder: string
beforeAll(async () => {
  folder = await makeFolder('pchat-certificate')
})
afterAll(() => rm(folder, { recursive: true }))

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
