import { readFileSync } from 'node:fs'
import type { Command } from 'commander'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

export const programVersion = version

/** `pchat VERB --version` says what `pchat --version` does, unless the verb has such an option of its own. */
export function answerVersion(command: Command): void {
  for (const verb of command.commands) {
    answerVersion(verb)
    if (verb.options.some(({ long, short }) => long === '--version' || short === '-V')) continue
    verb.version(programVersion)
    verb.options.at(-1)!.hidden = true
  }
}
