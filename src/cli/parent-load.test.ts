import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../../test/source.ts'

const program = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
  process.argv.push('--version')
  process.on('exit', () => console.log(JSON.stringify(loaded)))
  await import('./src/cli/main.ts')
`

test('[PO9] pchat loads what serves only where it serves itself: the parent of workers does without', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: root })
  const loaded = (JSON.parse(stdout.trim().split('\n').at(-1)!) as string[]).map(url => url.replace(/^file:\/\//, ''))
  expect(loaded).toContain(join(root, 'src/cli/workers.ts'))
  const serving = /\/src\/(server|chat|web-services|directory)\/|\/cli\/serve\.ts$|\/(fastify|ws|selfsigned|@nats-io)\//
  expect(loaded.filter(file => serving.test(file))).toEqual([])
})
