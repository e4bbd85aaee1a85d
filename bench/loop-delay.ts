// Loaded into the server with --import: at each SIGUSR2 it writes how late its event loop was since the last one.
import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

export type LoopDelay = { p50: number; p99: number; max: number }

const path = process.env.PCHAT_BENCH_LOOP
if (path !== undefined && isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  process.on('SIGUSR2', () => {
    const [p50, p99, max] = [delay.percentile(50), delay.percentile(99), delay.max].map(ns => ns / 1e6)
    delay.reset()
    writeFileSync(path, JSON.stringify({ p50, p99, max }))
  })
}
