import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from './folder.ts'
import { root } from './source.ts'

const run = promisify(execFile)
const text = readFileSync(join(root, 'docs/topology.md'), 'utf8')
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

beforeAll(async () => {
  folder = await makeFolder('pchat-topology-docs')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('[TR74] every command of docs/topology.md does what stands below it', async () => {
  const says = (name: string) => blocks.get(name)!.body
  const sound = 'It is sound. Nothing to remark.\n'
  expect(await walk('one-machine')).toBe(sound + says('one-machine-plan'))
  expect(await readFile(join(folder, 'topology.yaml'), 'utf8')).toBe(says('standard-edition'))
  expect(await walk('pool')).toBe(sound + says('pool-picture'))
  expect(await walk('pool-plan')).toBe(says('pool-plan-said'))
  expect(await walk('wrong')).toBe(says('wrong-said'))
  expect(says('wrong-said')).toMatch(/error TR17: [\s\S]*error TR50: [\s\S]*error TR51: /)
  expect(await walk('change')).toBe(says('change-said'))
  expect(await walk('schema')).toBe('')
  expect(await readFile(join(folder, 'topology.schema.json'), 'utf8')).toBe(
    readFileSync(join(root, 'docs/topology.schema.json'), 'utf8'),
  )
  expect(JSON.parse(await readFile(join(folder, 'findings.json'), 'utf8'))).toEqual({
    file: 'topology.yaml',
    ...{ sound: true, faults: [], findings: [] },
  })
  expect(walked).toEqual([...blocks].filter(([, { kind }]) => kind === 'sh').map(([name]) => name))
}, 120_000)
