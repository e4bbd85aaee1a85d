import { expect, test } from 'vitest'
import { runFuzz } from './fuzz.ts'
import { openSite } from './harness.ts'

const first = Number(process.env.PCHAT_SEED ?? Date.now() % 2 ** 31)
const steps = Number(process.env.PCHAT_FUZZ_STEPS ?? 250)
const runs = Number(process.env.PCHAT_FUZZ_RUNS ?? 2)

async function fuzz(seed: number, servers: 1 | 2, count = steps) {
  const errors: string[] = []
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (context: { err?: Error }, text: string) =>
      void errors.push(`${text}: ${context.err?.stack ?? JSON.stringify(context)}`),
  }
  const site = await openSite({ log })
  try {
    const report = await runFuzz(site, { seed, steps: count, servers })
    console.log(
      `seed ${seed}, ${servers} servers: ${report.posts} posts, ${report.drops} drops, ${report.losses} losses of a right`,
    )
    expect(report.faults, `seed ${seed}: npm run fuzz -- --seed ${seed} --steps ${count}`).toEqual([])
    expect(errors, `seed ${seed}`).toEqual([])
  } finally {
    await site.stop()
  }
}

// An odd seed runs on two servers that hear of each other by the store alone.
test.each(Array.from({ length: runs }, (_, n) => first + n))(
  '[FZ1] [FZ2] [FZ3] random seed %d: all end with equal views, and nobody heard what he had no right to',
  seed => fuzz(seed, seed % 2 === 0 ? 1 : 2),
  120_000,
)
