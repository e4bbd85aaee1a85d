import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { certificateNames, type ProcessPlan, type ServerPlan } from '../topology/plan.ts'
import { readCertificate } from './certificate.ts'
import { isDataFolderTaken } from './data-folder.ts'
import { type Check, fault, look, ok, type Seen, sentence, warning } from './doctor-check.ts'
import { seeNames, seeValidity } from './probe-certificate.ts'
import { isThere } from './probe-folder.ts'
import { askReady, isTaken } from './probe-network.ts'

const portWanted = 'free, or held by this very service'

/** Where the servers of the machine will listen, and the certificate that they show there. */
export async function checkDoors(plan: ServerPlan): Promise<Check[]> {
  const ports = plan.processes.map(one =>
    look('port', `${one.listens.host}:${one.listens.port}`, portWanted, 'See the message.', () => seePort(one)),
  )
  return [...(await Promise.all(ports)), ...(await checkCertificates(plan))]
}

async function seePort({ listens, settings }: ProcessPlan): Promise<Seen> {
  const { host, port } = listens
  const said = await askReady({ host, port, tls: settings.tlsCert !== undefined || settings.tlsSelfSigned === true })
  // Whoever answers as ours does may be of another machine, or of another folder: its own server holds the lock.
  if (said?.ours && !(await isDataFolderTaken(settings.dataDir!)))
    return warning(
      `a Persistent Chat Server answers there (${said.status}), and none works in ${settings.dataDir}`,
      portWanted,
      `Stop that one (ss -ltnp 'sport = :${port}' says which), or choose another port or dataDir in the topology.`,
    )
  if (said?.ours && said.status === 200) return ok('a server of ours, ready', portWanted)
  if (said?.ours)
    return warning(`a server of ours, which answers ${said.status}`, portWanted, 'See its log, and the other checks.')
  const code = await isTaken(host, port)
  if (code === undefined) return ok('free', portWanted)
  if (code === 'EACCES')
    return warning(
      'not to be seen: below 1024 root alone may listen',
      portWanted,
      'Run the check as root. The unit lets the server listen there.',
    )
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL' || code === 'EAI_AGAIN')
    return fault(
      `${host} is no address of this machine (${code})`,
      portWanted,
      'Mend its name first: see the checks of names.',
    )
  const holder = said ? 'another program answers there' : `another program has it (${code})`
  return fault(
    holder,
    portWanted,
    `Stop that (ss -ltnp 'sport = :${port}' says which), or choose another port in the topology.`,
  )
}

async function checkCertificates(plan: ServerPlan): Promise<Check[]> {
  const { fqdn, certificate, processes } = plan
  const { from, certFile, keyFile } = certificate
  if (from === 'none' || processes.length === 0) return []
  const see = (check: string, wanted: string, work: () => Promise<Seen>) =>
    look('certificate', check, wanted, 'Put certificate and key in place, PEM, and look again.', work)
  if (from === 'self-signed')
    return [await see('file', '', async () => ok('made by the server at its first start', 'made by the server'))]
  if (from === 'authority' && !(await isThere(certFile)))
    return [
      await see('file', '', async () => ok(`${certFile} is not there yet`, 'made by the authority of the topology')),
    ]
  const pair = 'a certificate with its chain, and the key of it'
  const first = await see('file', pair, async () => seePair(certFile, keyFile, pair))
  if (first.state === 'error') return [first]
  const read = async () => new X509Certificate(await readFile(certFile))
  const others = certificateNames(plan).filter(name => name !== fqdn)
  return [
    first,
    await see('validity', 'valid for 14 days or more', async () => seeValidity(await read())),
    await see(fqdn, fqdn, async () => seeNames(await read(), fqdn)),
    ...(await Promise.all(others.map(name => see(name, name, async () => seeOther(await read(), name))))),
  ]
}

async function seePair(certFile: string, keyFile: string, wanted: string): Promise<Seen> {
  try {
    await readCertificate(certFile, keyFile)
  } catch (error) {
    // The sentence names options of pchat start.
    const found = sentence(error).replaceAll(/--tls-(cert|key) /g, '')
    return fault(found, wanted, `Put them into ${certFile} and ${keyFile}.`)
  }
  return ok(`${certFile}, ${keyFile}`, wanted)
}

/** Who comes by the name of a pool is warned by the browser, unless a balancer has a certificate of its own; who comes by the server's is not. */
function seeOther(certificate: X509Certificate, name: string): Seen {
  const seen = seeNames(certificate, name)
  return seen.state === 'error'
    ? warning(seen.found, name, `Use a certificate that holds ${name}, too, where people are to come by that name.`)
    : seen
}
