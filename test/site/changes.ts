import { setTimeout as sleep } from 'node:timers/promises'
import { bootstrap, bring, poolVerb, publish, remove } from './administrator.ts'
import { type ChatServer, documentOf, domain } from './document.ts'
import type { TestSite } from './site.ts'

const chat = (n: number) => `chat${n}.${domain}`

/** What is published of the main pool, and the number of the publication. */
export type Standing = { servers: ChatServer[]; version: number }

/** The document with other servers, published on top of the last one. */
export async function change(site: TestSite, standing: Standing, servers: ChatServer[]): Promise<void> {
  await publish(site, documentOf(servers, site.ports), standing.version)
  standing.servers = servers
  standing.version += 1
}

/** One more server, on stand-by: four are active. */
export async function addServer(site: TestSite, standing: Standing, n: number): Promise<void> {
  await change(site, standing, [...standing.servers, { fqdn: chat(n), standby: true }])
  await bring(site, chat(n))
  await bootstrap(site, chat(n))
  await serves(site, chat(n))
}

export async function setActive(site: TestSite, ...numbers: number[]): Promise<void> {
  await poolVerb(site, 'active-servers', 'set', ...numbers.map(chat))
}

/** It is drained, leaves the document, and nothing of the product is left to run on its machine. */
export async function removeServer(site: TestSite, standing: Standing, n: number): Promise<void> {
  await change(
    site,
    standing,
    standing.servers.filter(({ fqdn }) => fqdn !== chat(n)),
  )
  await remove(site, chat(n))
  await poolVerb(site, 'remove-server', chat(n))
}

/** All of a machine ends at once, as with a cut of its power. A new one takes its place. */
export async function killServer(site: TestSite, n: number): Promise<void> {
  await site.machine(chat(n)).kill()
}

export async function replaceServer(site: TestSite, standing: Standing, gone: number, n: number): Promise<void> {
  const servers = standing.servers.map(one => (one.fqdn === chat(gone) ? { ...one, fqdn: chat(n) } : one))
  await change(site, standing, servers)
  await bring(site, chat(n))
  await bootstrap(site, chat(n))
  await serves(site, chat(n))
  await poolVerb(site, 'remove-server', chat(gone))
}

/** Until it says that it is ready. */
export async function serves(site: TestSite, fqdn: string, port = site.ports.main): Promise<void> {
  let said = ''
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(200)) {
    const answer = await fetch(`https://${fqdn}:${port}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(
      error => error as Error,
    )
    said =
      answer instanceof Error
        ? `${answer.message} ${String(answer.cause ?? '')}`
        : `${answer.status} ${await answer.text()}`
    if (said.startsWith('200')) return
  }
  throw new Error(`${fqdn} does not serve: ${said}\n${await logTail(site, fqdn)}`)
}

export async function logTail(site: TestSite, fqdn: string): Promise<string> {
  const machine = site.machine(fqdn)
  if (!machine.isUp()) return ''
  return (await machine.run(['bash', '-c', 'tail -n 20 /run/systemctl/log/*'])).out.slice(-4_000)
}
