import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServeOptions } from '../src/cli/serve-options.ts'
import { openFolder } from '../src/files/folder.ts'
import { noKeys } from '../src/files/keys.ts'
import { openSite, type Site } from './harness.ts'
import { openNats } from './nats.ts'
import { until } from './stage.ts'

export type Another = Awaited<ReturnType<Site['another']>>
export type ApartSite = {
  /** At a Front End Server, where people sign in. */
  site: Site
  one: Another
  two: Another
  more(options: Partial<ServeOptions>): Promise<Another>
  stop(): Promise<void>
}

/** A Front End Server and two Persistent Chat Servers in this process, on one store, with NATS between them. */
export async function openApartSite(options: Partial<ServeOptions> = {}): Promise<ApartSite> {
  const folder = await mkdtemp(join(tmpdir(), 'pchat-apart-'))
  const nats = await openNats()
  const files = async () => ({ store: await openFolder(folder), keys: noKeys, lookMs: 200 })
  const frontEnd = { role: 'front-end', natsUrl: nats.url } as const
  const site = await openSite({ ...frontEnd, server: 'fe1', files: await files(), ...options })
  const chat = (server: string) =>
    site.another({
      ...{ role: 'persistent-chat', natsUrl: nats.url, server },
      ...{ publicUrl: undefined, files: undefined, central: undefined },
    })
  const [one, two] = [await chat('one'), await chat('two')]
  await until(async () => (await serversAt(site)).length === 2)
  return {
    ...{ site, one, two },
    more: async more => site.another({ ...frontEnd, files: await files(), ...more }),
    async stop() {
      await site.stop()
      await nats.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What a sign-in at the Front End Server says of the pool's servers. */
export async function serversAt(site: Pick<Site, 'url'>): Promise<string[]> {
  const answer = await fetch(`${site.url}/api/v1/session.signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'admin@example.com', password: 'correct horse battery' }),
  })
  return ((await answer.json()) as { result: { servers: string[] } }).result.servers
}
