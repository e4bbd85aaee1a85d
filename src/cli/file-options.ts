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

/** A folder, or a bucket: s3://… */
export async function openFileStore({
  fileStore,
  dataDir,
}: {
  fileStore?: string
  dataDir: string
}): Promise<FileStore> {
  if (!fileStore?.startsWith('s3:')) return openFolder(resolve(fileStore ?? join(dataDir, 'files')))
  // Some hundred modules, for those who have a bucket.
  const { openBucket, parseBucket } = await import('../files/s3.ts')
  const bucket = parseBucket(fileStore)
  if (!bucket)
    throw new Error(
      `--file-store ${fileStore} is no bucket. Give an address such as s3://bucket or s3://bucket/folder?endpoint=https://s3.example.com&region=eu-1.`,
    )
  return openBucket(bucket)
}
