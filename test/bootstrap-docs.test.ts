import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Check } from '../src/cli/doctor-check.ts'
import { makeFolder } from './folder.ts'
import { root } from './source.ts'

const run = promisify(execFile)
const text = readFileSync(join(root, 'docs/bootstrap.md'), 'utf8')
const blocks = new Map(
  [...text.matchAll(/^```(\w+) ([\w-]+)\n([\s\S]*?)^```$/gm)].map(([, kind, name, body]) => [
    name!,
    { kind: kind!, body: body! },
  ]),
)
const walked: string[] = []
let folder: string

/** Runs a block with the program itself, and answers what it says. */
async function walk(name: string): Promise<string> {
  walked.push(name)
  const program = `pchat() { '${process.execPath}' '${join(root, 'src/cli/main.ts')}' "$@"; }\n${blocks.get(name)!.body}`
  const { stdout, stderr } = await run('bash', ['--norc', '-eo', 'pipefail', '-c', program], {
    cwd: folder,
    env: { PATH: process.env.PATH },
  })
  expect(stderr).toBe('')
  return stdout
}
const said = (name: string) => blocks.get(`${name}-said`)!.body

beforeAll(async () => {
  folder = await makeFolder('pchat-bootstrap-docs')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('[BS40] every command of docs/bootstrap.md does what stands below it', async () => {
  // Whether this machine would do is not the document's to say.
  expect(await walk('check')).toMatch(/^(exit code 1\n)?$/)
  const { checks } = JSON.parse(await readFile(join(folder, 'check.json'), 'utf8')) as { checks: Check[] }
  const names = checks.map(({ area, check }) => `${area}: ${check}`)
  const shown = [...blocks.get('check-looks-like')!.body.matchAll(/^(?:OK|WARNING|ERROR) +(\w+: [\w ]+?) {2}/gm)]
  expect(shown.length).toBeGreaterThan(2)
  expect(shown.map(([, name]) => name).filter(name => !names.includes(name!))).toEqual([])
  expect(names.filter(name => !text.includes(`| ${name.split(':')[0]}`))).toEqual([])
  expect((await walk('units')).replaceAll(`${folder}/`, '')).toBe(said('units'))
  expect((await readdir(join(folder, 'units'))).length).toBe(2)
  expect(await walk('credentials')).toBe(said('credentials'))
  expect(await walk('steps')).toBe(said('steps'))
  expect(await walk('more')).toBe('')
  const { steps } = JSON.parse(await readFile(join(folder, 'steps.json'), 'utf8'))
  expect(Object.keys(steps[0])).toEqual(['id', 'title', 'does', 'doneWhen'])
  expect(walked).toEqual([...blocks].filter(([, { kind }]) => kind === 'sh').map(([name]) => name))
}, 120_000)
