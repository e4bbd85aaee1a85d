import { connect } from 'node:net'
import { makeAuthority } from '../authority.ts'
import { put, storeUrl } from './administrator.ts'
import { domain, files, frontEnds, hosts } from './document.ts'
import { home } from './machine.ts'
import type { TestSite } from './site.ts'

/** One that is not let in, and what it is told. */
export type Refusal = { who: string; said: string }

const other = `${home}/other-authority.pem`

/** Who does not encrypt, and who meets a certificate that is not of an authority that it trusts. Only what is refused is in the answer. */
export async function findRefusals(site: TestSite): Promise<Refusal[]> {
  await put(site.desk, other, (await makeAuthority()).cert)
  const refusals = await Promise.all([
    plainStore(site),
    plainNats(),
    plainServer(frontEnds[0]!, site.ports.main),
    plainServer(`chat1.${domain}`, site.ports.main),
    wrongStore(site, 'server to PostgreSQL', start(site, storeUrl(site).replace(files.authority, other))),
    wrongStore(site, 'command to PostgreSQL', [
      'pool',
      'state',
      '--database-url',
      storeUrl(site).replace(files.authority, other),
    ]),
    wrongNats(site),
    wrongServer(site),
  ])
  return refusals.flatMap(one => one ?? [])
}

const start = ({ ports }: TestSite, databaseUrl: string) => [
  ...[
    'start',
    '--role',
    'persistent-chat',
    '--port',
    String(ports.main),
    '--host',
    `desk.${domain}`,
    '--server',
    'desk',
  ],
  ...[
    '--data-dir',
    `${home}/data`,
    '--database-url',
    databaseUrl,
    '--nats-url',
    `tls://${hosts.nats}:4222`,
    '--tls-self-signed',
  ],
]

async function plainStore(site: TestSite): Promise<Refusal | undefined> {
  const [address = ''] = storeUrl(site).split('?')
  const { code, err } = await site.desk.run(['pchat', 'pool', 'state', '--database-url', address])
  return code === 0 ? undefined : { who: 'PostgreSQL without TLS', said: err.trim() }
}

/** NATS says that it wants TLS, and ends the connection of who goes on without. */
function plainNats(): Promise<Refusal | undefined> {
  return new Promise(resolve => {
    const socket = connect(4222, hosts.nats)
    let said = ''
    socket.setTimeout(10_000, () => socket.destroy())
    socket.setEncoding('utf8').on('data', text => {
      if (said === '') socket.write('CONNECT {"verbose":true,"user":"pchat","pass":"x"}\r\nPING\r\n')
      said += text
    })
    socket.on('error', () => {})
    socket.once('close', () =>
      resolve(
        /"tls_required":\s*true/.test(said) && !said.includes('PONG')
          ? { who: 'NATS without TLS', said: 'tls_required' }
          : undefined,
      ),
    )
  })
}

/** One that is there and answers who encrypts: of one that is away nothing would be proven. */
async function plainServer(fqdn: string, port: number): Promise<Refusal | undefined> {
  const encrypted = await fetch(`https://${fqdn}:${port}/readyz`, { signal: AbortSignal.timeout(10_000) })
  if (!encrypted.ok) return undefined
  const answer = await fetch(`http://${fqdn}:${port}/readyz`, { signal: AbortSignal.timeout(10_000) }).catch(
    (error: Error) => error,
  )
  return answer instanceof Error
    ? { who: `${fqdn} without TLS`, said: String(answer.cause ?? answer.message) }
    : undefined
}

async function wrongStore(site: TestSite, who: string, words: string[]): Promise<Refusal | undefined> {
  const { code, err } = await site.desk.run(['timeout', '30', 'pchat', ...words])
  return code === 1 ? { who, said: err.trim() } : undefined
}

/** A server goes on without NATS, and says why. On a database of its own, so that no pool hears of it. */
async function wrongNats(site: TestSite): Promise<Refusal | undefined> {
  await site.archive.sql('postgres', `CREATE ROLE trial LOGIN PASSWORD '${site.secrets.store}'`)
  await site.archive.sql('postgres', `CREATE DATABASE trial OWNER trial ENCODING 'UTF8' TEMPLATE template0`)
  const address = storeUrl(site).replace(`pchat:`, 'trial:').replace(`${hosts.store}/pchat`, `${hosts.archive}/trial`)
  const words = start(site, address).map(word =>
    word.startsWith('tls://') ? `tls://pchat:${site.secrets.nats}@${hosts.nats}:4222` : word,
  )
  const script = `timeout -k 5 120 pchat "$@" > trial.log 2>&1 & for i in $(seq 900); do grep -qs '"reason":"NATS' trial.log && break; sleep 0.1; done; kill %1; wait; cat trial.log`
  const { out } = await site.desk.run(['bash', '-c', script, 'bash', ...words], { env: { NODE_EXTRA_CA_CERTS: other } })
  const said = /"reason":"(NATS [^"]*)"/.exec(out)?.[1]
  return said === undefined ? undefined : { who: 'server to NATS', said }
}

async function wrongServer(site: TestSite): Promise<Refusal | undefined> {
  const words = ['sign-in', '--server', `https://${frontEnds[0]}:${site.ports.main}`, '--ca-file', other]
  const { code, err } = await site.desk.run(['timeout', '30', 'pchat', ...words])
  return code === 1 ? { who: 'client to server', said: err.trim() } : undefined
}
