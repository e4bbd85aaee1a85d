import { Command } from 'commander'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cmdlets, kebab } from '../src/cli/shell/cmdlets.ts'
import { leaves, pathOf } from '../src/cli/shell/help.ts'
import { processIo } from '../src/cli/shell/io.ts'
import { addShell } from '../src/cli/shell/shell.ts'
import { addTest } from '../src/cli/test-message.ts'
import { verbs } from '../src/protocol/request.ts'
import { effects } from './cmdlet-effects.ts'
import { cmdletList } from './cmdlet-list.ts'
import { fresh, type World } from './cmdlet-world.ts'
import { makeFolder } from './folder.ts'
import { openSite } from './harness.ts'
import { shellOf } from './shell.ts'

const program = new Command('pchat')
addTest(program)
addShell(program, processIo)
const optionsOf = new Map(leaves(program).map(leaf => [pathOf(leaf), leaf.options.map(option => option.long ?? '')]))

let world: World
beforeAll(async () => {
  const site = await openSite({ server: 'chat1' })
  for (const name of ['ann', 'bob']) {
    const displayName = `${name === 'ann' ? 'Ann' : 'Bob'} of the north`
    await site.admin.call('principal.create', { kind: 'user', name: `${name}@example.com`, displayName })
  }
  await site.admin.call('principal.create', { kind: 'group', name: 'Team', displayName: 'Team' })
  world = { site, pchat: shellOf(site), folder: await makeFolder('pchat-cmdlet'), fresh }
}, 60_000)
afterAll(() => world.site.stop())

test('[SH30] each cmdlet and each parameter of the original product has its verb and option, or a reason why there is none', () => {
  expect(cmdletList).toHaveLength(37)
  expect(cmdlets.map(one => one.name).sort()).toEqual(cmdletList.map(([name]) => name).sort())
  for (const [name, parameters] of cmdletList) {
    const cmdlet = cmdlets.find(one => one.name === name)!
    const missing = parameters.split(' ').filter(parameter => !cmdlet.parameters.includes(parameter))
    expect(missing, name).toEqual([])
    if (cmdlet.verb === undefined) {
      expect(cmdlet.reason, name).toMatch(/\w/)
      continue
    }
    const options = optionsOf.get(cmdlet.verb)
    for (const parameter of cmdlet.parameters) {
      const other = cmdlet.other?.[parameter]
      if (other && 'reason' in other) expect(other.reason, `${name} ${parameter}`).toMatch(/\w/)
      else expect(options, `${name} ${parameter}`).toContain(other ? other.option : `--${kebab(parameter)}`)
    }
  }
})

/** What its options do is shown by its own tests. */
const elsewhere = ['test message']

const shown = new Map<string, string[]>()
for (const [what] of effects)
  for (const part of what.split('; ')) {
    const [, path, options] = /^(\S+ \S+) (.*)$/.exec(part)!
    shown.set(path!, [...(shown.get(path!) ?? []), ...options!.split(' ')])
  }
const ofTheFrame = [
  'identity',
  'what-if',
  'confirm',
  'json',
  'server',
  'token-file',
  'ca-file',
  'database-url',
  'data-dir',
]

test('[SH31] the effect of every option of every verb that stands for a cmdlet is shown by a test', () => {
  const unshown = cmdlets.flatMap(({ verb }) =>
    (verb === undefined || elsewhere.includes(verb) ? [] : optionsOf.get(verb)!)
      .filter(option => !ofTheFrame.includes(option.slice(2)) && !shown.get(verb!)?.includes(option))
      .map(option => `${verb} ${option}`),
  )
  expect(unshown).toEqual([])
  for (const [path, options] of shown) expect(optionsOf.get(path), path).toEqual(expect.arrayContaining(options))
})

/** What a verb of the shell asks of a server that this one may not have yet. */
const needs: [RegExp, string][] = [
  [/room get --(category|member|chat-content)/, 'room.list'],
  [/addin/, 'addin.create'],
  [/room set --category|room clear|message remove/, 'room.previewMove'],
  [/policy/, 'policy.create'],
  [/configuration/, 'configuration.set'],
  [/eligible/, 'principal.eligible'],
]
const lacks = (what: string) => needs.some(([pattern, verb]) => pattern.test(what) && !Object.hasOwn(verbs, verb))

for (const [what, check] of effects) test.skipIf(lacks(what))(`[SH32] ${what}`, async () => check(world), 30_000)
