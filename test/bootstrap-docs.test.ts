import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Check } from '../src/cli/doctor-check.ts'
import { openDocBlocks } from './doc-blocks.ts'
import { makeFolder } from './folder.ts'

const page = openDocBlocks('docs/bootstrap.md')
let folder: string
const walk = (name: string) => page.walk(name, folder)
const said = (name: string) => page.says(`${name}-said`)

beforeAll(async () => {
  folder = await makeFolder('pchat-bootstrap-docs')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('[BS40] every command of docs/bootstrap.md does what stands below it', async () => {
  // Whether this machine would do is not the document's to say.
  expect(await walk('check')).toMatch(/^(exit code 1\n)?$/)
  const { checks } = JSON.parse(await readFile(join(folder, 'check.json'), 'utf8')) as { checks: Check[] }
  const names = checks.map(({ area, check }) => `${area}: ${check}`)
  const shown = [...page.says('check-looks-like').matchAll(/^(?:OK|WARNING|ERROR) +(\w+: [\w ]+?) {2}/gm)]
  expect(shown.length).toBeGreaterThan(2)
  expect(shown.map(([, name]) => name).filter(name => !names.includes(name!))).toEqual([])
  expect(names.filter(name => !page.text.includes(`| ${name.split(':')[0]}`))).toEqual([])
  expect((await walk('units')).replaceAll(`${folder}/`, '')).toBe(said('units'))
  expect((await readdir(join(folder, 'units'))).length).toBe(2)
  expect(await walk('credentials')).toBe(said('credentials'))
  expect(await walk('steps')).toBe(said('steps'))
  expect(await walk('more')).toBe('')
  const { steps } = JSON.parse(await readFile(join(folder, 'steps.json'), 'utf8'))
  expect(Object.keys(steps[0])).toEqual(['id', 'title', 'does', 'doneWhen'])
  // Certificate and name are not this machine's, so that it is refused, as whoever runs it; and nothing was ever made here.
  expect(await walk('apply')).toMatch(/exit code 1\n$/)
  expect(await walk('undo')).toMatch(/Nothing of pchat bootstrap is on this machine\.|exit code 1\n$/)
  expect(page.walked).toEqual(page.commands)
}, 120_000)
