/**
 * Where bytes are kept: objects under keys, written once, never changed. A folder or a bucket; one suite runs against both.
 * Errors are those of the system below, but for what is named here.
 */
export type FileStore = {
  /** For people: a path, or the bucket's address. */
  place: string
  /** On disk when it resolves; half an object is never seen under its key. Refusal unavailable where the disk is full. */
  put(key: string, bytes: Buffer): Promise<void>
  /** The bytes from `first` through `last`, or all. Throws MissingObject. */
  get(key: string, range?: { first: number; last: number }): Promise<AsyncIterable<Buffer>>
  /** One that is not there is removed already. */
  remove(key: string): Promise<void>
  /** Every object, in no order. */
  list(): AsyncIterable<{ key: string; size: number }>
  close(): Promise<void>
}

export class MissingObject extends Error {
  constructor(key: string) {
    super(`The file store has no object ${key}.`)
    this.name = 'MissingObject'
  }
}

/** What a key may look like: it is part of a path. */
export const keyPattern = /^[0-9a-z][0-9a-z-]{2,120}$/

export function checkKey(key: string): void {
  if (!keyPattern.test(key)) throw new Error(`${JSON.stringify(key)} is no key of the file store`)
}
