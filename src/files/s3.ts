import type { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { Refusal } from '../protocol/error.ts'
import { checkKey, type FileStore, keyPattern, MissingObject } from './store.ts'

export type Bucket = {
  bucket: string
  /** In front of every key, with a slash at the end; may be empty. */
  prefix: string
  endpoint: string | undefined
  region: string
}

/**
 * `s3://bucket`, `s3://bucket/folder?endpoint=https://s3.example.com&region=eu-1`. With an endpoint the bucket is named in the path.
 * Undefined where it is no such address.
 */
export function parseBucket(text: string): Bucket | undefined {
  const url = URL.parse(text)
  if (url?.protocol !== 's3:' || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host)) return undefined
  const folder = url.pathname.replace(/^\/+|\/+$/g, '')
  const endpoint = url.searchParams.get('endpoint') ?? undefined
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) return undefined
  return {
    bucket: url.host,
    prefix: folder === '' ? '' : `${folder}/`,
    endpoint,
    region: url.searchParams.get('region') ?? 'us-east-1',
  }
}

/** How long a bucket may take to take a piece and begin with an answer, or may be silent in the middle of it. */
const answerMs = 30_000

/**
 * A file store in a bucket. Keys and secret come from where programs for such buckets look for them (AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, profiles, roles of the machine). An object is there whole or not at all by what the bucket promises.
 */
export function openBucket(
  { bucket, prefix, endpoint, region }: Bucket,
  credentials?: S3ClientConfig['credentials'],
  waitMs = answerMs,
): FileStore {
  const client = new S3Client({
    region,
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...(credentials ? { credentials } : {}),
    // Checksums of newer kinds are unknown to many servers; the key of each object is one.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      ...{ connectionTimeout: waitMs / 3, requestTimeout: waitMs, socketTimeout: waitMs },
      // Left to itself it only warns.
      throwOnRequestTimeout: true,
    },
  })
  const place = (key: string) => {
    checkKey(key)
    return { Bucket: bucket, Key: prefix + key }
  }
  return {
    place: `s3://${bucket}/${prefix}`,
    async put(key, bytes) {
      const object = { ...place(key), Body: bytes, ContentLength: bytes.length }
      await client.send(new PutObjectCommand(object)).catch(error => {
        throw awayOr(error)
      })
    },
    async get(key, range) {
      const asked = range ? { Range: `bytes=${range.first}-${range.last}` } : {}
      try {
        const { Body } = await client.send(new GetObjectCommand({ ...place(key), ...asked }))
        return Body as Readable as AsyncIterable<Buffer>
      } catch (error) {
        throw isMissing(error) ? new MissingObject(key) : awayOr(error)
      }
    },
    async remove(key) {
      await client.send(new DeleteObjectCommand(place(key)))
    },
    async *list() {
      for (let after: string | undefined; ; ) {
        const page: { Contents?: { Key?: string; Size?: number }[]; NextContinuationToken?: string } =
          await client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              ...(after ? { ContinuationToken: after } : {}),
            }),
          )
        for (const { Key = '', Size = 0 } of page.Contents ?? []) {
          const key = Key.slice(prefix.length)
          if (keyPattern.test(key)) yield { key, size: Size }
        }
        after = page.NextContinuationToken
        if (after === undefined) break
      }
    },
    async close() {
      client.destroy()
    },
  }
}

function isMissing(error: unknown): boolean {
  const { name } = error as { name?: string }
  return name === 'NoSuchKey' || name === 'NotFound'
}

/** No answer, or one that says that it cannot now. */
function awayOr(error: unknown): unknown {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } }
  if (!$metadata || ($metadata.httpStatusCode ?? 500) < 500) return error
  return new Refusal('unavailable', 'The file store is out of reach. Try again.', { retryAfterMs: 5_000, cause: error })
}
