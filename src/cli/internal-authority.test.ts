import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { planServer } from '../topology/plan.ts'
import { readTopology } from '../topology/read.ts'
import { certificateDoing } from './bootstrap-certificate.ts'
import type { Site } from './bootstrap-doing.ts'
import { programIn } from './bootstrap-units.ts'
import { issueCertificate, keepInternalAuthority, readInternalAuthority, toPem } from './internal-authority.ts'

const days = (pem: string) => (Date.parse(new X509Certificate(pem).validTo) - Date.now()) / 86_400_000

test('[BS52] several that begin at once make one authority, whose key root alone reads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pchat-authority-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const all = await Promise.all(Array.from({ length: 4 }, () => keepInternalAuthority(folder)))
  expect(new Set(all.map(({ cert }) => cert)).size).toBe(1)
  expect((await stat(join(folder, 'authority.key'))).mode & 0o777).toBe(0o600)
  const certificate = new X509Certificate(await readFile(join(folder, 'authority.pem')))
  expect([certificate.ca, certificate.checkIssued(certificate)]).toEqual([true, true])
  await chmod(join(folder, 'authority.key'), 0o644)
  await expect(readInternalAuthority(folder)).rejects.toThrow('may be read by others than root')
  await writeFile(join(folder, 'authority.key'), 'half of it', { mode: 0o600 })
  await chmod(join(folder, 'authority.key'), 0o600)
  await expect(readInternalAuthority(folder)).rejects.toThrow('it holds no certificate with its key')
})

test('[BS52] a certificate with all names is made anew before it ends, for the same key; another authority’s is left alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pchat-authority-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const [certFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')]
  const read = readTopology(
    JSON.stringify({
      version: 1,
      standardServers: [{ fqdn: 'chat.example.com', certificate: { from: 'authority', certFile, keyFile } }],
      persistentChatPools: [{ fqdn: 'chat.example.com' }],
    }),
  )
  if ('faults' in read) throw new Error(JSON.stringify(read.faults))
  const site: Site = {
    plan: planServer(read.topology, 'chat.example.com')!,
    machine: { run: () => Promise.reject(new Error('no program is asked')) },
    program: programIn(undefined),
    ...{ env: {}, adminUrls: [], makeSecrets: false, authority: join(folder, 'authority') },
  }
  const doing = certificateDoing(site)
  expect(await doing.look()).toMatchObject({ done: false })
  await doing.act()
  expect(await doing.look()).toMatchObject({ done: true })
  const [first, key] = [await readFile(certFile, 'utf8'), await readFile(keyFile, 'utf8')]
  expect(days(first)).toBeGreaterThan(390)
  expect(new X509Certificate(first).checkHost('chat.example.com')).toBe('chat.example.com')
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
  const authority = (await readInternalAuthority(site.authority))!
  const pair = toPem(createPrivateKey(key))
  await writeFile(certFile, await issueCertificate(authority, ['chat.example.com'], pair, 13))
  expect(await doing.look()).toMatchObject({ done: false, found: expect.stringContaining('days') })
  await doing.act()
  expect(days(await readFile(certFile, 'utf8'))).toBeGreaterThan(390)
  expect(await readFile(keyFile, 'utf8')).toBe(key)
  // A run that was killed between the two leaves the key alone.
  await rm(certFile)
  expect(await doing.look()).toMatchObject({ done: false })
  await doing.act()
  expect(await readFile(keyFile, 'utf8')).toBe(key)
  await writeFile(certFile, await issueCertificate(authority, ['other.example.com'], pair))
  expect(await doing.look()).toMatchObject({
    done: false,
    found: expect.stringContaining('does not hold chat.example.com'),
  })
  const foreign = await keepInternalAuthority(join(folder, 'other'))
  await writeFile(certFile, await issueCertificate(foreign, ['chat.example.com'], pair))
  await expect(doing.look()).rejects.toThrow('of another authority')
})
