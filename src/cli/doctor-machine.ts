import { X509Certificate } from 'node:crypto'
import { access, constants, readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { descriptorLimit } from '../base/descriptors.ts'
import { readSpace } from '../base/disk.ts'
import { readKeys } from '../files/keys.ts'
import { readCertificate } from './certificate.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { readFactorKeys, readHandOverKeys } from './factor-key.ts'
import { readAdministrator, type StartOptions } from './options.ts'
import { seeNames, seeValidity } from './probe-certificate.ts'
import { nearestFolder, seeSpace } from './probe-folder.ts'
import { askReady, isTaken } from './probe-network.ts'
import { programVersion } from './program.ts'
import { findFault } from './start-fault.ts'

const wantedDescriptors = 20_100

/** Options, certificate, keys, port, open files and disk of this machine. */
export async function checkMachine(options: StartOptions): Promise<Check[]> {
  const { tlsKey, factorKeyFile, handOverKeyFile, fileKeyFile, dataDir } = options
  return [
    await look('configuration', 'options', 'options that fit together', 'See pchat start --help.', async () =>
      checkOptions(options),
    ),
    ...(await checkCertificate(options)),
    ...(await Promise.all(
      [
        ['private key', tlsKey, undefined],
        ['factor keys', factorKeyFile, () => readFactorKeys(factorKeyFile)],
        ['hand-over keys', handOverKeyFile, () => readHandOverKeys(handOverKeyFile)],
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
  role,
  pagesUrl,
  trustedProxies,
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
    // A balancer that ends TLS has a certificate of its own for that name.
    ...(pagesUrl === undefined || role === 'persistent-chat' || trustedProxies !== undefined
      ? []
      : [
          await check('name of the pages', 'the name that people open the pages at', certificate =>
            seeNames(certificate, new URL(pagesUrl).hostname),
          ),
        ]),
  ]
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
  const { host, port, tlsCert, tlsSelfSigned } = options
  if (port === 0) return ok('any free one', 'the server, or a free port')
  const said = await askReady({ host, port, tls: tlsCert !== undefined || tlsSelfSigned === true })
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

async function checkFolder(dataDir: string): Promise<Seen> {
  const path = resolve(dataDir)
  const there = await stat(path).catch(() => undefined)
  const wanted = 'writable, 1 GB and a tenth free'
  if (there && !there.isDirectory()) return fault(`${path} is no folder`, wanted, 'Choose another with --data-dir.')
  const nearest = await nearestFolder(path)
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

/** As a server of these options is called in its pool. */
export const serverName = ({ server }: StartOptions) => server ?? hostname()
