import { readFile } from 'node:fs/promises'
import Type, { type Static } from 'typebox'

/** Where a secret stands; configuration never holds the secret itself. */
export const Secret = Type.Union(
  [
    Type.Object({ env: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
    Type.Object({ file: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
  ],
  { description: 'Where the secret stands: {env: NAME} or {file: PATH}' },
)
export type Secret = Static<typeof Secret>

/** The secret as it is now: a file is read anew each time, so that it can be rotated. Throws with a sentence that says what to mend. */
export async function readSecret(at: Secret, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if ('env' in at) {
    const value = env[at.env]
    if (value === undefined || value === '') throw new Error(`The environment variable ${at.env} is not set.`)
    return value
  }
  const text = await readFile(at.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`The file ${at.file} cannot be read (${error.code}).`)
  })
  // Editors end a file with a line break, which is no part of the secret.
  const value = text.replace(/\r?\n$/, '')
  if (value === '') throw new Error(`The file ${at.file} is empty.`)
  return value
}
