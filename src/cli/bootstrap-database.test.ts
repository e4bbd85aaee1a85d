import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from '../../test/folder.ts'
import { topologyOf, twoPools } from '../../test/topology-document.ts'
import { planServer } from '../topology/plan.ts'
import { databaseDoing } from './bootstrap-database.ts'
import type { Site } from './bootstrap-doing.ts'

let folder: string
beforeAll(async () => {
  folder = await makeFolder('pchat-database')
})
afterAll(() => rm(folder, { recursive: true }))

test('[BS66] without an administrator nobody is sent to set a password that running servers have', async () => {
  const secret = join(folder, 'store.secret')
  await writeFile(secret, 'not that one', { mode: 0o600 })
  const document = twoPools()
  for (const { store } of document.persistentChatPools)
    Object.assign(store, { hosts: [{ host: '127.0.0.1', port: 9 }], password: `file:${secret}`, tls: false })
  const plan = planServer(topologyOf(document), 'chat1.example.com')!
  const [store] = databaseDoing({ plan, env: {}, adminUrls: [] } as unknown as Site)
  await expect(store!.act()).rejects.toThrow(`change nothing in the database: copy ${secret} from its machine`)
})
