import { X509Certificate } from 'node:crypto'
import { readSpace } from '../base/disk.ts'
import type { Metrics } from '../base/metrics.ts'

export type Machine = {
  /** PEM. */
  certificate: string | undefined
  /** Path of a folder, or address of a bucket. */
  fileStore: string | undefined
  isFileStoreThere: () => boolean
}

/** Sets what there is to be seen of the machine. */
export async function lookAtMachine({ machine }: Metrics, { certificate, fileStore, isFileStoreThere }: Machine) {
  if (certificate !== undefined)
    machine.certificateEnds.set(Date.parse(new X509Certificate(certificate).validTo) / 1000)
  if (fileStore === undefined) return
  machine.fileStoreAway.set(isFileStoreThere() ? 0 : 1)
  // A bucket has no end that could be seen.
  if (!fileStore.startsWith('/')) return
  const { freeBytes, sizeBytes } = await readSpace(fileStore)
  machine.fileStoreFree.set(freeBytes)
  machine.fileStoreSize.set(sizeBytes)
}
