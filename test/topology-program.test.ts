import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exampleDocument } from '../src/topology/example.ts'
import { makeFolder } from './folder.ts'
import { password, signInAt } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'

let folder: string
let server: Pchat | undefined
beforeEach(async () => {
  folder = await makeFolder('pchat-topology-program')
})
afterEach(async () => {
  server?.kill('SIGTERM')
  await server?.ended
  await rm(folder, { recursive: true, force: true })
})

test('[TB1] [TB10] [TB13] of a server with its own database, also of several processes, what the console publishes is what the shell reads, and the other way round', async () => {
  const dataDir = join(folder, 'data')
  const env = { PCHAT_ADMIN_USER: 'ann@example.com', PCHAT_ADMIN_PASSWORD: password }
  server = runPchat(['start', '--port', '0', '--workers', '2', '--data-dir', dataDir, '--log-level', 'warn'], { env })
  const ann = await signInAt(await server.ready(), 'ann@example.com')
  expect(await ann.call('topology.get', {})).toEqual({ store: 'empty', publication: null })
  const text = exampleDocument('standard-edition')
  const checked = await ann.call('topology.check', { text })
  expect(checked).toMatchObject({ store: 'empty', faults: [] })
  expect(checked.picture!.nodes.map(({ id }) => id)).toContain('standardServer:localhost')
  expect(await ann.call('topology.publish', { text, basedOn: 0, note: 'by page' })).toMatchObject({ version: 1 })
  const shell = async (...args: string[]) => {
    const ran = runPchat(['topology', ...args, '--data-dir', dataDir])
    expect(await ran.ended, ran.said()).toBe(0)
    return ran.said()
  }
  expect(await shell('history')).toMatch(/1 .*ann@example\.com .*by page/)
  await shell('rollback', '1', '--note', 'nothing to do')
  expect((await ann.call('topology.history', {})).publications).toHaveLength(1)
  expect(await ann.call('topology.check', { text: text.replace('8080', '8081') })).toMatchObject({
    ...{ store: 'there', version: 1 },
    differences: [{ where: 'persistentChatPools[localhost].port', asks: [{ doing: 'restart', server: 'localhost' }] }],
  })
}, 240_000)
