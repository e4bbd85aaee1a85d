import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Upload } from 'tus-js-client'

type Signed = { token: string }

/** Bytes that are no type of file and the same for the same seed. */
export function someBytes(length: number, seed = 1): Buffer {
  const block = createHash('sha512').update(`${seed}`).digest()
  const bytes = Buffer.alloc(length, block)
  for (let at = 0; at + 4 <= length; at += 4096) bytes.writeUInt32LE((at + seed) >>> 0, at)
  return bytes
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const bearer = (person: Signed) => ({ authorization: `Bearer ${person.token}` })

/** One PATCH as a tus client sends it. */
export function patch(
  person: Signed,
  upload: string,
  offset: number,
  bytes: Uint8Array,
  more: Record<string, string> = {},
) {
  return fetch(upload, {
    method: 'PATCH',
    headers: {
      ...{ ...bearer(person), 'tus-resumable': '1.0.0', 'upload-offset': `${offset}` },
      ...{ 'content-type': 'application/offset+octet-stream', ...more },
    },
    body: bytes as Uint8Array<ArrayBuffer>,
  })
}

export async function offsetOf(person: Signed, upload: string): Promise<number | string> {
  const answer = await fetch(upload, { method: 'HEAD', headers: { ...bearer(person), 'tus-resumable': '1.0.0' } })
  return answer.status === 200 ? Number(answer.headers.get('upload-offset')) : `${answer.status}`
}

export function getFile(
  site: { url: string },
  person: Signed,
  file: string,
  headers: Record<string, string> = {},
  tail = '',
) {
  return fetch(`${site.url}/files/${file}${tail}`, { headers: { ...bearer(person), ...headers } })
}

export async function codeOf(answer: Response): Promise<string> {
  return answer.ok ? 'ok' : ((await answer.json()) as { error: { code: string } }).error.code
}

/** The stock client of the tus project, which comes back as long as `retries` allow. */
export function upload(
  person: Signed,
  url: string,
  bytes: Buffer,
  more: { onProgress?(sent: number): void; retries?: number } = {},
) {
  return new Promise<void>((resolve, reject) => {
    new Upload(Readable.from(cut(bytes)), {
      uploadUrl: url,
      uploadSize: bytes.length,
      chunkSize: 2 * 1024 * 1024,
      retryDelays: Array.from({ length: more.retries ?? 20 }, (_, i) => Math.min(1_000, 50 * (i + 1))),
      headers: bearer(person),
      onSuccess: () => resolve(),
      onError: reject,
      ...(more.onProgress ? { onProgress: more.onProgress } : {}),
    }).start()
  })
}

function* cut(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}
