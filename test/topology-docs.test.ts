import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDocBlocks } from './doc-blocks.ts'
import { makeFolder } from './folder.ts'
import { root } from './source.ts'

const page = openDocBlocks('docs/topology.md')
let folder: string
const walk = (name: string) => page.walk(name, folder)

beforeAll(async () => {
  folder = await makeFolder('pchat-topology-docs')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('[TR74] every command of docs/topology.md does what stands below it', async () => {
  const { says } = page
  const sound = 'It is sound. Nothing to remark.\n'
  expect(await walk('one-machine')).toBe(sound + says('one-machine-plan'))
  expect(await readFile(join(folder, 'topology.yaml'), 'utf8')).toBe(says('standard-edition'))
  expect(await walk('pool')).toBe(sound + says('pool-picture'))
  expect(await walk('pool-plan')).toBe(says('pool-plan-said'))
  expect(await walk('front-end-plan')).toBe(says('front-end-plan-said'))
  expect(says('front-end-plan-said')).toMatch(/pchat start --role front-end /)
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
  expect(page.walked).toEqual(page.commands)
}, 120_000)
