import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

export type Ran = { code: number | null; out: string; said: string }

/** A verb of pchat that ends by itself. Not spawnSync: the server may be in this process. */
export function runVerb(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ran: Ran = { code: null, out: '', said: '' }
  child.stdout.setEncoding('utf8').on('data', chunk => (ran.out += chunk))
  child.stderr.setEncoding('utf8').on('data', chunk => (ran.said += chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ ...ran, code }))
  })
}
