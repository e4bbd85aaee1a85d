import { readFile } from 'node:fs/promises'

const keyBytes = 32

/**
 * The keys of --factor-key-file, one a line as base64, the newest first. Throws with a sentence that says what to mend. A key is
 * changed by putting a new line above the old one: what is used is encrypted anew.
 */
export function readFactorKeys(path: string | undefined): Promise<Uint8Array[]> {
  return readKeys('--factor-key-file', path)
}

/** The same for --hand-over-key-file: the first one signs, all are taken. */
export function readHandOverKeys(path: string | undefined): Promise<Uint8Array[]> {
  return readKeys('--hand-over-key-file', path)
}

async function readKeys(option: string, path: string | undefined): Promise<Uint8Array[]> {
  if (path === undefined) return []
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${option} ${path} cannot be read (${error.code}).`)
  })
  const lines = text.split('\n').map(line => line.trim())
  const keys = lines.filter(line => line !== '').map(line => Buffer.from(line, 'base64'))
  if (keys.length === 0 || keys.some(key => key.length !== keyBytes))
    throw new Error(
      `${option} ${path} holds no keys of ${keyBytes} bytes in base64, one a line. Make one with: openssl rand -base64 ${keyBytes}`,
    )
  return keys
}
