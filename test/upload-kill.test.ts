import { expect, test } from 'vitest'
import { openTestDatabase } from './database.ts'
import { runUploadKills } from './upload-kill.ts'

test('[FI21] the stock tus client brings a file whole while connections are cut and the server is killed', async () => {
  const { address, drop } = await openTestDatabase()
  const databaseUrl = `postgres://${address.user}@${encodeURIComponent(address.host)}/${address.database}`
  const report = await runUploadKills({ seed: 7, rounds: 1, bytes: 19 * 1024 * 1024, kills: 1, cuts: 3, databaseUrl })
  await drop()
  expect(report).toMatchObject({ faults: [], kills: 1 })
  expect(report.cuts).toBeGreaterThan(0)
}, 120_000)
