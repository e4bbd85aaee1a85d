import { readFileSync } from 'node:fs'
import { fillSecrets } from '../topology/connection.ts'
import { type SecretSetting, secretVariables } from '../topology/secret.ts'
import type { ServerSettings } from '../topology/settings.ts'
import type { StartOptions } from './options.ts'

/** What stands behind env:NAME or file:/path; the line break that editors leave at the end of a file is no part of it. */
export function readReference(reference: string, env: NodeJS.ProcessEnv): string {
  const [, kind, place = ''] = /^(env|file):(.+)$/s.exec(reference) ?? []
  if (kind === 'env') {
    const value = env[place]
    if (!value) throw new Error(`The variable ${place}, which a password is to stand in, is not set. Set it.`)
    return value
  }
  if (kind !== 'file' || !place.startsWith('/'))
    throw new Error('A password is named by env:NAME or file:/path. Say where it stands.')
  const value = textOf(place).replace(/\r?\n$/, '')
  if (value === '') throw new Error(`${place}, which a password is to stand in, is empty. Write it there.`)
  return value
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`${file}, which a password is to stand in, cannot be read (${code}). Mend its place or its rights.`)
  }
}

/** All but the one that is needed before the others are known. */
export const laterSecrets = (Object.keys(secretVariables) as SecretSetting[]).filter(setting => setting !== 'topology')

/** The options with the passwords that the environment names (PCHAT_DATABASE_SECRET and its like) in their addresses. */
export async function withSecrets(
  options: StartOptions,
  env: NodeJS.ProcessEnv,
  settings: readonly SecretSetting[] = laterSecrets,
): Promise<StartOptions> {
  const named = settings.flatMap(setting => {
    const variable = secretVariables[setting]
    const reference = env[variable]
    return reference === undefined ? [] : [{ setting, variable, reference }]
  })
  const lost = named.find(({ setting }) => options[setting] === undefined)
  if (lost)
    throw new Error(`${lost.variable} is set without an address that it belongs into. Give that, or leave it out.`)
  const given: ServerSettings = options
  return { ...options, ...(fillSecrets(given, named, reference => readReference(reference, env)) as StartOptions) }
}
