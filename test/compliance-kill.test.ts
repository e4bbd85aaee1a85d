import { expect, test } from 'vitest'
import { runComplianceKills } from './compliance-kill.ts'

test('[CP75] chat server, compliance service and either database killed under load: archive, store, answers and files agree, nothing twice, nothing missing', async () => {
  const seed = Number(process.env.PCHAT_SEED ?? Date.now() % 2 ** 31)
  const report = await runComplianceKills({ seed, rounds: 4, rooms: 3, writers: 3, inFlight: 6, maxPauseMs: 500 })
  console.log(`seed ${seed}: ${JSON.stringify({ ...report, faults: report.faults.length })}`)
  expect(report.faults, `seed ${seed}`).toEqual([])
  expect(report.acknowledged).toBeGreaterThan(100)
  expect(report.entries).toBeGreaterThan(100)
  expect(report.joins).toBeGreaterThan(0)
}, 300_000)
