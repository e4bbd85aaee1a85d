import { X509Certificate } from 'node:crypto'
import { access, constants, readFile, stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createServer, isIP } from 'node:net'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { descriptorLimit } from '../base/descriptors.ts'
import { readSpace } from '../base/disk.ts'
import { readKeys } from '../files/keys.ts'
import { readCertificate } from './certificate.ts'
import { bytes, type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { readFactorKeys } from './factor-key.ts'
import { findFault, readAdministrator, type StartOptions } from './options.ts'
import { programVersion } from './program.ts'

const dayMs = 86_400_000
const wantedDescriptors = 20_100

/** Options, certificate, keys, port, open files and disk of this machine. */
export async function checkMachine(options: StartOptions): Promise<Check[]> {
  const { tlsKey, factorKeyFile, fileKeyFile, dataDir } = options
  return [
    await look('configuration', 'options', 'options that fit together', 'See pchat start --help.', async () =>
      checkOptions(options),
    ),
    ...(await checkCertificate(options)),
    ...(await Promise.all(
      [
        ['private key', tlsKey, undefined],
        ['factor keys', factorKeyFile, () => readFactorKeys(factorKeyFile)],
        ['file keys', fileKeyFile, () => readKeys(fileKeyFile!)],
      ].flatMap(([name, file, read]) => (file === undefined ? [] : [checkKeyFile(`${name}`, `${file}`, read as Read)])),
    )),
    await look(
      'machine',
      'port',
      'the server, or a free port',
      'Stop what has the port, or choose another with --port.',
      () => checkPort(options),
    ),
    await look('machine', 'open files', `${wantedDescriptors} for each 20,000 sessions`, '', async () =>
      checkDescriptors(options),
    ),
    await look(
      'machine',
      'data folder',
      'a folder that this user may write',
      'Choose another with --data-dir, or change its owner.',
      () => checkFolder(dataDir),
    ),
  ]
}
type Read = (() => Promise<unknown>) | undefined

function checkOptions(options: StartOptions): Seen {
  const admin = readAdministrator(process.env)
  const wrong = findFault(options) ?? (admin && 'fault' in admin ? admin.fault : undefined)
  if (wrong) return fault(wrong, 'options that fit together', 'Mend it; a server would not start.')
  return ok(`version ${programVersion}, Node.js ${process.versions.node}`, 'options that fit together')
}

async function checkCertificate({
  tlsCert,
  tlsKey,
  tlsSelfSigned,
  dataDir,
  host,
  url,
}: StartOptions): Promise<Check[]> {
  const file = tlsCert ?? (tlsSelfSigned ? join(resolve(dataDir), 'self-signed.pem') : undefined)
  if (file === undefined) return []
  const mend = 'Put the renewed certificate in place and start the server again.'
  const made = tlsCert !== undefined || (await stat(file).catch(() => undefined))
  if (!made) return [{ area: 'certificate', check: 'validity', ...ok('none yet', 'made at the first start') }]
  const check = (name: string, wanted: string, see: (certificate: X509Certificate) => Seen) =>
    look('certificate', name, wanted, mend, async () => {
      if (tlsCert && tlsKey) await readCertificate(tlsCert, tlsKey)
      return see(new X509Certificate(await readFile(file)))
    })
  return [
    await check('validity', 'valid for 14 days or more', seeValidity),
    await check('names', 'the name that clients use', certificate =>
      seeNames(certificate, url ? new URL(url).hostname : host),
    ),
  ]
}

function seeValidity(certificate: X509Certificate): Seen {
  const endsAt = Date.parse(certificate.validTo)
  const beginsAt = Date.parse(certificate.validFrom)
  const days = Math.floor((endsAt - Date.now()) / dayMs)
  const found = `until ${new Date(endsAt).toISOString().slice(0, 10)}, ${days} days`
  const mend = 'Put the renewed certificate in place and start the server again.'
  if (beginsAt > Date.now()) return fault(`valid only from ${new Date(beginsAt).toISOString()}`, 'valid now', mend)
  if (endsAt < Date.now()) return fault(`ended ${new Date(endsAt).toISOString()}`, 'valid now', mend)
  return days < 14 ? warning(found, 'valid for 14 days or more', mend) : ok(found, 'valid for 14 days or more')
}

function seeNames(certificate: X509Certificate, host: string): Seen {
  const names = certificate.subjectAltName ?? certificate.subject
  if (/^(0\.0\.0\.0|::)$/.test(host)) return ok(names, 'the name that clients use (--url says which)')
  const covers = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)
  if (covers !== undefined) return ok(names, host)
  return fault(names, host, `Use a certificate for ${host}, or say --url with the name that it has.`)
}

function checkKeyFile(name: string, file: string, read: Read): Promise<Check> {
  const wanted = 'readable by the server alone (mode 600 or 400)'
  return look('keys', name, wanted, `Mend ${file}: chmod 600, owner the server's user.`, async () => {
    const { mode } = await stat(file)
    await access(file, constants.R_OK)
    await read?.()
    const shown = `${file}, mode ${(mode & 0o777).toString(8)}`
    return mode & 0o077 ? warning(shown, wanted, `Others may read it: chmod 600 ${file}`) : ok(shown, wanted)
  })
}

async function checkPort(options: StartOptions): Promise<Seen> {
  const { host, port } = options
  if (port === 0) return ok('any free one', 'the server, or a free port')
  const said = await askReady(options)
  if (said?.status === 200) return ok(`${host}:${port} answers: ready${notes(said.body)}`, 'the server, or a free port')
  if (said?.ours)
    return fault(
      `${host}:${port} answers ${said.status}${notes(said.body)}`,
      'ready',
      'See what is away in the other checks, and the log.',
    )
  const taken = await isTaken(host, port)
  if (taken === undefined) return ok(`${host}:${port} is free; no server runs`, 'the server, or a free port')
  const mend =
    taken === 'EACCES'
      ? 'Choose a port above 1023, or give the server the right.'
      : 'Stop what has it, or choose another with --port.'
  return fault(
    said ? `another program answers at ${host}:${port}` : `${host}:${port}: ${taken}`,
    'the server, or a free port',
    mend,
  )
}

const notes = (body: { notes?: string[] } | undefined) => (body?.notes?.length ? `, ${body.notes.join(', ')}` : '')

type Said = { status: number; ours: boolean; body: { status?: string; notes?: string[] } | undefined }

/** Whatever its certificate: that is another check. */
function askReady({ host, port, tlsCert, tlsSelfSigned }: StartOptions): Promise<Said | undefined> {
  const name = /^(0\.0\.0\.0|::)$/.test(host) ? 'localhost' : host
  const request = tlsCert || tlsSelfSigned ? httpsRequest : httpRequest
  return new Promise(resolve => {
    const asked = request(
      { host: name, port, path: '/readyz', rejectUnauthorized: false, timeout: 5_000 },
      response => {
        let text = ''
        response.setEncoding('utf8').on('data', chunk => {
          text = (text + chunk).slice(0, 10_000)
        })
        response.on('end', () => {
          let body: Said['body']
          try {
            body = JSON.parse(text)
          } catch {}
          const ours = typeof body?.status === 'string' && Array.isArray(body.notes)
          resolve({ status: ours ? (response.statusCode ?? 0) : 0, ours, body })
        })
      },
    )
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}

/** Listens for a moment, and for nobody. */
function isTaken(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const server = createServer(socket => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

function checkDescriptors({ workers }: StartOptions): Seen {
  const limit = descriptorLimit()
  const wanted = `${wantedDescriptors} or more for 20,000 sessions of a server`
  if (limit === undefined) return ok('no limit that can be seen', wanted)
  const sessions = Math.max(0, limit - 100) * workers
  const found = `${limit} a process, so ${sessions} sessions of the server`
  if (limit < 1_024) return fault(found, wanted, 'Raise LimitNOFILE of the unit (ulimit -n).')
  return sessions < 10_000
    ? warning(found, wanted, 'Raise LimitNOFILE of the unit (ulimit -n), or add --workers.')
    : ok(found, wanted)
}

const leastBytes = 1024 ** 3

async function checkFolder(dataDir: string): Promise<Seen> {
  const path = resolve(dataDir)
  const there = await stat(path).catch(() => undefined)
  const wanted = 'writable, 1 GB and a tenth free'
  if (there && !there.isDirectory()) return fault(`${path} is no folder`, wanted, 'Choose another with --data-dir.')
  const nearest = there ? path : await nearestFolder(path)
  const isWritable = await access(nearest, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!isWritable)
    return fault(
      `${nearest} is not writable for this user`,
      wanted,
      'Change its owner, or choose another with --data-dir.',
    )
  return seeSpace(await readSpace(nearest), there ? path : `${path}, made at the first start`, wanted)
}

export function seeSpace(
  { freeBytes, sizeBytes }: { freeBytes: number; sizeBytes: number },
  where: string,
  wanted: string,
): Seen {
  const found = `${where}: ${bytes(freeBytes)} of ${bytes(sizeBytes)} free`
  const mend = 'Free space on that disk, or make it larger.'
  if (freeBytes < leastBytes / 10) return fault(found, wanted, mend)
  return freeBytes < leastBytes || freeBytes < sizeBytes / 10 ? warning(found, wanted, mend) : ok(found, wanted)
}

async function nearestFolder(path: string): Promise<string> {
  const parent = dirname(path)
  if (parent === path || (await stat(parent).catch(() => undefined))) return parent
  return nearestFolder(parent)
}

/** As a server of these options is called in its pool. */
export const serverName = ({ server }: StartOptions) => server ?? hostname()
