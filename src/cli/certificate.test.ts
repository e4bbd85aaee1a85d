import { X509Certificate } from 'node:crypto'
import { lstat, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepSelfSigned, readCertificate } from './certificate.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp('/tmp/pchat-certificate-')
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true, force: true })
})

test('[ST10] the self-signed certificate is good for the names that people use, over a real TLS connection', async () => {
  const { cert, key } = await keepSelfSigned(folder, 'chat.example.com')
  const certificate = new X509Certificate(cert)
  for (const name of ['localhost', 'chat.example.com', hostname()]) expect(certificate.checkHost(name)).toBeDefined()
  expect(certificate.checkIP('127.0.0.1')).toBeDefined()
  const server = createServer({ cert, key }).listen(0)
  const { port } = server.address() as { port: number }
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const made = connect({ port, host: 'localhost', servername: 'localhost', ca: cert }, () => resolve(made)).on(
      'error',
      reject,
    )
  })
  expect(socket.authorized).toBe(true)
  socket.destroy()
  server.close()
})

test('[ST10] a server that listens on an address has the name that clients reach it at, too', async () => {
  const { cert } = await keepSelfSigned(folder, '10.0.0.9', [
    undefined,
    'https://fe1.example.com',
    'https://chat.example.com:8443',
  ])
  const certificate = new X509Certificate(cert)
  for (const name of ['chat.example.com', 'fe1.example.com']) expect(certificate.checkHost(name), name).toBeDefined()
  expect(certificate.checkIP('10.0.0.9')).toBeDefined()
  const { cert: other } = await keepSelfSigned(folder, '0.0.0.0', ['https://[fd00::9]'])
  expect(new X509Certificate(other).checkIP('fd00::9')).toBeDefined()
})

test('[ST10] it is kept, and made anew near its end or for another host', async () => {
  const first = await keepSelfSigned(folder, 'localhost')
  expect(await keepSelfSigned(folder, 'localhost')).toEqual(first)
  expect((await stat(join(folder, 'self-signed.pem'))).mode & 0o777).toBe(0o600)
  const second = await keepSelfSigned(folder, 'chat.example.com')
  expect(second).not.toEqual(first)
  vi.useFakeTimers({ now: Date.now() + 380 * 86_400_000, toFake: ['Date'] })
  expect(await keepSelfSigned(folder, 'chat.example.com')).not.toEqual(second)
})

test('[ST8] files that are no pair of certificate and key are refused by the names of their options', async () => {
  const file = join(folder, 'x.pem')
  await writeFile(file, 'no certificate')
  await expect(readCertificate(file, file)).rejects.toThrow(/--tls-cert .* and --tls-key .* are no pair/)
  await expect(readCertificate(file, join(folder, 'none'))).rejects.toThrow(
    /--tls-key .*none cannot be read \(ENOENT\)/,
  )
})

test('[BS63] root, who keeps it in a folder of somebody else, follows no link there: neither where it is written nor where it is', async () => {
  const theirs = join(folder, 'theirs')
  await writeFile(theirs, 'of root alone')
  for (const name of ['self-signed.pem', 'self-signed.pem.new']) await symlink(theirs, join(folder, name))
  const owner = { uid: process.getuid!(), gid: process.getgid!() }
  await keepSelfSigned(folder, 'localhost', [], owner)
  expect(await readFile(theirs, 'utf8')).toBe('of root alone')
  expect((await lstat(join(folder, 'self-signed.pem'))).isFile()).toBe(true)
  // Also a good one that is somewhere else is made anew: its key is not copied to who put the link.
  const { cert } = await keepSelfSigned(folder, 'localhost', [], owner)
  await rename(join(folder, 'self-signed.pem'), join(folder, 'kept.pem'))
  await symlink(join(folder, 'kept.pem'), join(folder, 'self-signed.pem'))
  expect((await keepSelfSigned(folder, 'localhost', [], owner)).cert).not.toBe(cert)
})
