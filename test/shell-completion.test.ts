import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { makeFolder } from './folder.ts'
import { shell } from './shell.ts'
import { readTools } from './tools.ts'

let folder: string
beforeAll(async () => {
  folder = await makeFolder('pchat-completion')
  for (const name of ['bash', 'zsh']) writeFileSync(join(folder, name), (await shell(['completion', name])).out)
})

/** What each shell offers after these words; the last one is what is being typed. */
function bash(...words: string[]): string[] {
  const script = `source ${join(folder, 'bash')}; COMP_WORDS=(pchat "$@"); COMP_CWORD=$#; _pchat; printf '%s\\n' "\${COMPREPLY[@]}"`
  return lines(execFileSync('bash', ['--norc', '-c', script, 'bash', ...words], { encoding: 'utf8' }))
}

async function zsh(...words: string[]): Promise<string[]> {
  // Without the line editor compadd is a function of ours: it says what would be offered, as far as it fits what is typed.
  const script = `compadd() { shift; for one in "$@"; do [[ $one == "$typed"* ]] && print -r -- $one; done }
    _files() { print -r -- FILES }
    source ${join(folder, 'zsh')}; words=(pchat "$@"); CURRENT=$#words; typed=$words[-1]; _pchat; true`
  return lines(execFileSync((await readTools()).zsh, ['-f', '-c', script, 'zsh', ...words], { encoding: 'utf8' }))
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .sort()
}

const cases: [what: string, words: string[], some: string[]][] = [
  ['nouns', ['ro'], ['role', 'room']],
  ['verbs', ['room', ''], ['clear', 'get', 'new', 'remove', 'set']],
  [
    'options',
    ['room', 'set', 'FX desk', '--members-'],
    ['--members-add', '--members-all', '--members-none', '--members-remove'],
  ],
  ['words of an option', ['room', 'new', 'x', '--privacy', ''], ['closed', 'open', 'secret']],
  ['a boolean', ['room', 'set', 'x', '--disabled', ''], ['false', 'true']],
  ['the shells', ['comp'], ['completion']],
]

test.each(cases)('[SH12] bash and zsh complete %s', async (_, words, some) => {
  expect(bash(...words)).toEqual(some)
  expect(await zsh(...words)).toEqual(some)
})

test('[SH12] where an option takes a file, files are offered; another shell is wrong use', async () => {
  expect(await zsh('user', 'import', '--csv', '')).toEqual(['FILES'])
  expect(bash('user', 'import', '--csv', `${folder}/ba`)).toEqual([join(folder, 'bash')])
  expect(await shell(['completion', 'fish'])).toMatchObject({ code: 2 })
})
