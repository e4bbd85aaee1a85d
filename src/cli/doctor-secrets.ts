import type { SecretSetting } from '../topology/secret.ts'
import { secretVariables } from '../topology/secret.ts'
import { type Check, look, ok } from './doctor-check.ts'
import type { StartOptions } from './options.ts'
import { laterSecrets, withSecrets } from './secret-reference.ts'

const wanted = 'env:NAME or file:/path, where the password of its address is to be read'
const mend =
  'Mend what is named; until then the address is tried without it. A file that root alone reads wants the doctor run as root.'

/** The options with the passwords that the environment names. One that cannot be put in is an error of its own; the others go on. */
export async function fillNamed(
  options: StartOptions,
  env: NodeJS.ProcessEnv,
  settings: readonly SecretSetting[] = laterSecrets,
): Promise<{ options: StartOptions; checks: Check[] }> {
  const checks: Check[] = []
  let filled = options
  for (const setting of settings) {
    const variable = secretVariables[setting]
    if (env[variable] === undefined) continue
    const check = await look('secrets', variable, wanted, mend, async () => {
      filled = await withSecrets(filled, env, [setting])
      return ok('it is there', wanted)
    })
    checks.push(check)
  }
  return { options: filled, checks }
}
