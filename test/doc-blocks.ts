import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { root } from './source.ts'

const run = promisify(execFile)

/** The named blocks of a page (` ```sh name `), to be run in a folder by the program itself. */
export function openDocBlocks(page: string) {
  const text = readFileSync(join(root, page), 'utf8')
  const blocks = new Map(
    [...text.matchAll(/^```(\w+) ([\w-]+)\n([\s\S]*?)^```$/gm)].map(([, kind, name, body]) => [
      name!,
      { kind: kind!, body: body! },
    ]),
  )
  const walked: string[] = []
  return {
    text,
    walked,
    /** Those that are to be run. */
    commands: [...blocks].filter(([, { kind }]) => kind === 'sh').map(([name]) => name),
    says: (name: string) => blocks.get(name)!.body,
    /** Runs a block, and answers what it says. */
    async walk(name: string, folder: string): Promise<string> {
      walked.push(name)
      const program = `pchat() { '${process.execPath}' '${join(root, 'src/cli/main.ts')}' "$@"; }\n${blocks.get(name)!.body}`
      const { stdout, stderr } = await run('bash', ['--norc', '-eo', 'pipefail', '-c', program], {
        cwd: folder,
        env: { PATH: process.env.PATH },
      })
      expect(stderr).toBe('')
      return stdout
    },
  }
}
