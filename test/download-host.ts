import type { FilesOptions } from '../src/files/http.ts'
import { type FileSite, openFileSite } from './files.ts'
import type { openSite } from './harness.ts'
import { freePort } from './store-pair.ts'

/** One server under two names: `url` by its name, `host` by its number, from where alone files are downloaded. */
export type ApartSite = FileSite & { host: string; options: { files: FilesOptions } }

export async function openApartSite(
  files: Partial<FilesOptions> = {},
  more: Parameters<typeof openSite>[0] = {},
): Promise<ApartSite> {
  const port = await freePort()
  const host = `http://127.0.0.1:${port}`
  const site = await openFileSite({ downloadUrl: host, ...files }, { port, ...more })
  return { ...site, host, options: site.options as ApartSite['options'] }
}

/** Where the server's own address sends this reader for a file; undefined where it does not. */
export async function addressOf(
  site: { url: string },
  { token }: { token: string },
  file: string,
  tail = '',
): Promise<string | undefined> {
  const answer = await fetch(`${site.url}/files/${file}${tail}`, {
    headers: { authorization: `Bearer ${token}` },
    redirect: 'manual',
  })
  return answer.status === 302 ? answer.headers.get('location')! : undefined
}
