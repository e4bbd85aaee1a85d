import { Command } from 'commander'
import { expect, test } from 'vitest'
import { leaves, pathOf } from '../src/cli/shell/help.ts'
import { processIo } from '../src/cli/shell/io.ts'
import { addShell, shellVerbs } from '../src/cli/shell/shell.ts'
import { shell } from './shell.ts'

const program = new Command('pchat').exitOverride()
addShell(program, processIo)
const commands = new Map(leaves(program).map(leaf => [pathOf(leaf), leaf]))

/** As a shell takes a line apart, as far as the examples need it. */
function wordsOf(line: string): string[] {
  return [...line.split(' < ')[0]!.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c!)
}

test('[SH11] every verb has a description, two examples that it takes, and words for each of its options', () => {
  for (const { path, text, examples, options = [] } of shellVerbs) {
    const name = path.join(' ')
    expect(text, name).toMatch(/\w/)
    expect(examples.length, name).toBeGreaterThanOrEqual(2)
    for (const option of options) expect(option.text, `${name} --${option.name}`).toMatch(/\w/)
    for (const example of examples) {
      const [pchat, noun, verb, ...rest] = wordsOf(example)
      const command = commands.get(`${noun} ${verb}`)
      expect([pchat, command === undefined], example).toEqual(['pchat', false])
      const { unknown, operands } = command!.parseOptions(rest.map(word => (word.startsWith('@') ? 'ann' : word)))
      expect(unknown, example).toEqual([])
      expect(operands.length, example).toBeLessThanOrEqual(command!.registeredArguments.length)
    }
  }
})

test('[SH11] help lists all verbs, explains one as its --help does, and has the whole manual', async () => {
  const one = await shell(['help', 'room', 'set'])
  expect(one.out).toBe((await shell(['room', 'set', '--help'])).out)
  for (const part of ['--members-add', '--what-if', 'Exit code:', 'Set-CsPersistentChatRoom', '$ pchat room set'])
    expect(one.out).toContain(part)
  const all = (await shell(['help'])).out
  for (const { path } of shellVerbs) expect(all).toContain(`pchat ${path.join(' ')} `)
  const manual = (await shell(['help', '--all'])).out
  for (const { path, options = [] } of shellVerbs) {
    expect(manual).toContain(`pchat ${path.join(' ')}\n===`)
    for (const option of options) expect(manual).toContain(`--${option.name}`)
  }
  expect(await shell(['help', 'room', 'paint'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no room paint'),
  })
})
