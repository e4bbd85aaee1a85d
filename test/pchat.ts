import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The whole program as an operator starts it, in a process of its own. */
export type Pchat = {
  child: ChildProcess
  pid: number
  /** What it has said so far on both streams. */
  said(): string
  /** Resolves with the match when it says so; rejects when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  /** Its address, once it serves. */
  ready(): Promise<string>
  /** Exit code, or the signal's name. */
  ended: Promise<number | string>
  kill(signal: NodeJS.Signals): void
}

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

export type PchatOptions = {
  env?: NodeJS.ProcessEnv
  uid?: number
  gid?: number
  prefix?: string[]
  program?: string[]
}

export function runPchat(
  args: string[],
  { env, prefix = [], program = [process.execPath, main], ...ids }: PchatOptions = {},
): Pchat {
  const [file = '', ...rest] = [...prefix, ...program, ...args]
  const child = spawn(file, rest, { ...ids, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', chunk => {
      text += chunk
      child.emit('said')
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(text)
        if (found) resolve(found)
      }
      child.on('said', look)
      void ended.then(end => reject(new Error(`pchat ended (${end}) before it said ${pattern}:\n${text}`)))
      look()
    })
  return {
    child,
    pid: child.pid ?? 0,
    said: () => text,
    says,
    ready: async () => (await says(/ready at (\S+)/))[1] ?? '',
    ended,
    kill: signal => void child.kill(signal),
  }
}
