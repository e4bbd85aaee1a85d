import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** Keys by their id. The first one seals, all open; without any, bytes are kept as they come. */
export type Keyring = { sealing: string | undefined; keys: Map<string, Buffer> }

export const noKeys: Keyring = { sealing: undefined, keys: new Map() }
const keyBytes = 32

/**
 * One key a line, 32 bytes in base64 or hexadecimal, the newest first; empty lines and what follows # are for people. Throws with
 * the number of the line, never with the line.
 */
export function parseKeys(text: string): Keyring {
  const keys = new Map<string, Buffer>()
  for (const [index, line] of text.split('\n').entries()) {
    const shown = line.replace(/#.*/, '').trim()
    if (shown === '') continue
    const key = Buffer.from(shown, /^[0-9a-fA-F]{64}$/.test(shown) ? 'hex' : 'base64')
    if (key.length !== keyBytes) throw new Error(`line ${index + 1} is no key of ${keyBytes} bytes in base64`)
    keys.set(idOf(key), key)
  }
  const [sealing] = keys.keys()
  if (sealing === undefined) throw new Error('there is no key in it')
  return { sealing, keys }
}

export async function readKeys(path: string): Promise<Keyring> {
  try {
    return parseKeys(await readFile(path, 'utf8'))
  } catch (error) {
    throw new Error(
      `The key file ${path} cannot be used: ${(error as Error).message}. Make one with: head -c 32 /dev/urandom | base64`,
    )
  }
}

/** 16 hexadecimal digits; says nothing of the key. */
function idOf(key: Buffer): string {
  return createHash('sha256').update('pchat file key').update(key).digest('hex').slice(0, 16)
}
