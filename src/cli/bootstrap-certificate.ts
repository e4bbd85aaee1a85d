import { createPrivateKey, X509Certificate } from 'node:crypto'
import { lstat, mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { certificateNames } from '../topology/plan.ts'
import { account } from '../topology/unit.ts'
import { type Doing, entryOf, ownerOf, type Site, type Standing } from './bootstrap-doing.ts'
import { keepSelfSigned, readCertificate } from './certificate.ts'
import {
  type InternalAuthority,
  issueCertificate,
  keepInternalAuthority,
  newKey,
  type PrivateKey,
  readInternalAuthority,
  toPem,
} from './internal-authority.ts'
import { seeNames, seeValidity } from './probe-certificate.ts'
import { isThere } from './probe-folder.ts'
import { draftOf, writeWhole } from './whole-file.ts'

export function certificateDoing(site: Site): Doing {
  const { from } = site.plan.certificate
  const how = { files: broughtDoing, authority: authorityDoing, 'self-signed': selfSignedDoing, none: broughtDoing }
  return { id: 'certificate', ...how[from](site) }
}

type How = Pick<Doing, 'look' | 'act'>

/** An administrator brings it; what is wrong with it is told, and nothing is changed. */
function broughtDoing({ plan }: Site): How {
  const { certFile, keyFile } = plan.certificate
  return {
    async look() {
      // One that is near its end still serves: it is warned of, and stops no other change.
      const seen = await seePair(certFile, keyFile, [plan.fqdn], ['ok', 'warning'])
      if (!seen.done) throw new Error(`${seen.found}. Put a certificate into ${certFile}, and its key into ${keyFile}.`)
      await requireClosedKey(keyFile)
      return seen
    },
    async act() {},
  }
}

/** The key is made once, so that the two always belong together; a certificate that nears its end is made anew for it. */
function authorityDoing({ plan, authority: folder }: Site): How {
  const { certFile, keyFile } = plan.certificate
  const names = certificateNames(plan)
  return {
    async look() {
      const authority = await readInternalAuthority(folder)
      if (!authority) return { done: false, found: `no authority in ${folder} yet` }
      if (await isThere(keyFile)) await requireClosedKey(keyFile)
      const drafts = [draftOf(certFile), draftOf(keyFile)]
      for (const draft of drafts) if (await isThere(draft)) return { done: false, found: `${draft} was left over` }
      const seen = await seePair(certFile, keyFile, names)
      if (!seen.done || isIssuedBy(authority, await readFile(certFile, 'utf8'))) return seen
      throw new Error(
        `The certificate in ${certFile} is of another authority than that in ${folder}. Move it and its key away to have new ones made, or say from: files in the topology.`,
      )
    },
    async act() {
      const authority = await keepInternalAuthority(folder)
      for (const file of [keyFile, certFile]) await mkdir(dirname(file), { recursive: true, mode: 0o755 })
      const kept = await readFile(keyFile, 'utf8').catch(() => undefined)
      const pair = kept === undefined ? newKey() : keyIn(kept, keyFile)
      await writeWhole(keyFile, kept ?? pair.privateKey, 0o600)
      await writeWhole(certFile, await issueCertificate(authority, names, pair), 0o644)
    },
  }
}

function keyIn(pem: string, file: string): PrivateKey {
  try {
    return toPem(createPrivateKey(pem))
  } catch {
    throw new Error(`${file} holds no private key. Move it away to have a new one made.`)
  }
}

/** The server makes one at its start, too; here it is there before, and whoever asks for its health can trust it. */
function selfSignedDoing({ plan, machine }: Site): How {
  const all = plan.processes.map(({ settings }) => settings)
  return {
    async look() {
      const owner = await entryOf(machine, 'passwd', account)
      for (const { dataDir } of all) {
        const seen = await lstat(join(dataDir!, 'self-signed.pem')).catch(() => undefined)
        if (!seen?.isFile() || String(seen.uid) !== owner?.[2]) return { done: false, found: 'to be made' }
      }
      return { done: true, found: 'made by the machine itself; nobody else trusts it' }
    },
    async act() {
      const owner = await ownerOf(machine, account)
      for (const { dataDir, host, url, pagesUrl } of all)
        await keepSelfSigned(dataDir!, host ?? '127.0.0.1', [url, pagesUrl], owner)
    },
  }
}

/** Whether certificate and key are there, belong together, are of these names and, where nothing else is said, go on for 14 days. */
async function seePair(certFile: string, keyFile: string, names: string[], enough = ['ok']): Promise<Standing> {
  let certificate: X509Certificate
  try {
    await readCertificate(certFile, keyFile)
    certificate = new X509Certificate(await readFile(certFile))
  } catch (error) {
    return {
      done: false,
      found: (error as Error).message.replaceAll(/--tls-(cert|key) /g, '').replace(/\. Name.*/, ''),
    }
  }
  const validity = seeValidity(certificate)
  if (!enough.includes(validity.state)) return { done: false, found: `${certFile}: ${validity.found}` }
  const lost = names.find(name => seeNames(certificate, name).state !== 'ok')
  if (lost !== undefined) return { done: false, found: `${certFile} does not hold ${lost}` }
  return { done: true, found: `${certFile}, ${validity.found}` }
}

export function isIssuedBy(authority: InternalAuthority, pem: string): boolean {
  try {
    return new X509Certificate(pem).verify(new X509Certificate(authority.cert).publicKey)
  } catch {
    return false
  }
}

export async function requireClosedKey(file: string): Promise<true> {
  const { mode, uid } = await stat(file)
  if ((mode & 0o077) === 0 && uid === process.getuid?.()) return true
  throw new Error(
    `${file} may be read by others than root (mode ${(mode & 0o777).toString(8)}, owner ${uid}). Run chown root:root and chmod 600 on it, and have it renewed where somebody could have read it.`,
  )
}

/** What whoever asks the machine's servers trusts besides the authorities of the system, PEM; undefined where nothing is known. */
export async function trustOf({ plan, authority, caFile }: Site): Promise<string | undefined> {
  const { from, certFile } = plan.certificate
  if (caFile !== undefined) return readFile(caFile, 'utf8')
  if (from === 'authority') return (await readInternalAuthority(authority))?.cert
  if (from === 'self-signed') {
    const all = plan.processes.map(({ settings }) => readFile(join(settings.dataDir!, 'self-signed.pem'), 'utf8'))
    return (await Promise.all(all)).map(pem => new X509Certificate(pem).toString()).join('\n')
  }
  return from === 'files' ? chainOf(await readFile(certFile, 'utf8')) : undefined
}

/** The certificates behind the first one: of those who signed it. */
function chainOf(pem: string): string | undefined {
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return all.length > 1 ? all.slice(1).join('\n') : undefined
}
