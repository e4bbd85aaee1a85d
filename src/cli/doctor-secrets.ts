import { stat } from 'node:fs/promises'
import type { ServerPlan } from '../topology/plan.ts'
import type { SecretSetting } from '../topology/secret.ts'
import { secretVariables } from '../topology/secret.ts'
import { references } from '../topology/steps.ts'
import { type Check, fault, look, ok, type Seen, sentence, warning } from './doctor-check.ts'
import type { StartOptions } from './options.ts'
import { laterSecrets, readReference, withSecrets } from './secret-reference.ts'

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

/** Every password that the plan names, each once. Servers that systemd does not start read it as who they run as: whose it is, is theirs to know. */
export function checkPasswords(plan: ServerPlan, env: NodeJS.ProcessEnv): Promise<Check[]> {
  return Promise.all(
    references(plan).map(reference =>
      look('secrets', reference, passwordWanted, 'See the message.', () => seePassword(reference, env)),
    ),
  )
}

const passwordWanted = 'there, not empty, not read by others'

async function seePassword(reference: string, env: NodeJS.ProcessEnv): Promise<Seen> {
  const file = reference.startsWith('file:') ? reference.slice('file:'.length) : undefined
  try {
    readReference(reference, env)
  } catch (error) {
    const mend = file ? `Write the password into ${file}, mode 600.` : 'Set it here and in /etc/pchat/environment.'
    return fault(sentence(error), passwordWanted, mend)
  }
  if (file === undefined) return ok('it is set', passwordWanted)
  const mode = (await stat(file)).mode & 0o777
  return mode & 0o077
    ? warning(`mode ${mode.toString(8)}: others may read it`, passwordWanted, `chmod 600 ${file}`)
    : ok(`mode ${mode.toString(8)}`, passwordWanted)
}
