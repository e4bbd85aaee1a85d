import { join, resolve } from 'node:path'
import { parseClamdAddress, scanWithClamd } from '../files/clamd.ts'
import { openFolder } from '../files/folder.ts'
import type { FilesOptions } from '../files/http.ts'
import { noKeys, readKeys } from '../files/keys.ts'
import type { FileStore } from '../files/store.ts'
import type { StartOptions } from './options.ts'

/** The role files as the options of a server name its parts. Throws with a sentence for the operator. */
export async function openFileOptions(
  options: Pick<StartOptions, 'fileStore' | 'dataDir' | 'fileKeyFile' | 'clamd' | 'scannerAway' | 'downloadUrl'>,
): Promise<FilesOptions> {
  const keys = options.fileKeyFile === undefined ? noKeys : await readKeys(options.fileKeyFile)
  const address = options.clamd === undefined ? undefined : parseClamdAddress(options.clamd)
  return {
    store: await openFileStore(options),
    keys,
    downloadUrl: options.downloadUrl,
    ...(address
      ? { scan: (bytes, signal) => scanWithClamd(address, bytes, { signal }), scanOpen: options.scannerAway === 'open' }
      : {}),
  }
}

type Place = { fileStore?: string; dataDir: string }

/** Undefined where it is a bucket. */
export function folderOf({ fileStore, dataDir }: Place): string | undefined {
  return fileStore?.startsWith('s3:') ? undefined : resolve(fileStore ?? join(dataDir, 'files'))
}

/** A folder, or a bucket: s3://… */
export async function openFileStore(place: Place): Promise<FileStore> {
  const folder = folderOf(place)
  if (folder !== undefined) return openFolder(folder)
  // Some hundred modules, for those who have a bucket.
  const { openBucket, parseBucket } = await import('../files/s3.ts')
  const bucket = parseBucket(place.fileStore!)
  if (!bucket)
    throw new Error(
      `--file-store ${place.fileStore} is no bucket. Give an address such as s3://bucket or s3://bucket/folder?endpoint=https://s3.example.com&region=eu-1.`,
    )
  return openBucket(bucket)
}
