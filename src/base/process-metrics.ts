import { readdir, stat } from 'node:fs/promises'
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { descriptorLimit } from './descriptors.ts'

/** A timer that fires 50 times a second costs nothing that could be measured; what is shorter than that delays nobody. */
const resolutionMs = 20
const shares = { '0.5': 50, '0.99': 99 }

/**
 * What the process itself takes and suffers, read when it is asked for. Of several processes of a server memory and CPU are
 * summed; delays are the longest and descriptors those of the fullest one, since a sum would hide the one that is in trouble.
 */
export function addProcessMetrics(registry: Registry): void {
  const registers = [registry]
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  new Gauge({
    name: 'pchat_event_loop_delay_seconds',
    help: 'how much later than due the event loop came to its timers, since this was last asked for; share 1 is the longest',
    labelNames: ['share'],
    aggregator: 'max',
    registers,
    collect() {
      for (const [share, percent] of Object.entries(shares)) this.set({ share }, beyond(delay, percent))
      this.set({ share: '1' }, beyond(delay, 100))
      delay.reset()
    },
  })
  const pauses = new Histogram({
    name: 'pchat_gc_pause_seconds',
    help: 'pauses of the garbage collection',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    registers,
  })
  const observer = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) pauses.observe(duration / 1000)
  })
  observer.observe({ entryTypes: ['gc'] })
  new Gauge({
    name: 'pchat_resident_bytes',
    help: 'resident memory',
    registers,
    collect() {
      // Read from a file: where that cannot be opened any more, the last figure is better than no metrics at all.
      try {
        this.set(process.memoryUsage.rss())
      } catch {}
    },
  })
  addCpu(registry)
  addDescriptors(registry)
}

/** Above the timer's own period, in seconds. */
function beyond(delay: ReturnType<typeof monitorEventLoopDelay>, percent: number): number {
  return delay.count === 0 ? 0 : Math.max(0, delay.percentile(percent) / 1e9 - resolutionMs / 1000)
}

function addCpu(registry: Registry): void {
  let counted = 0
  new Counter({
    name: 'pchat_cpu_seconds_total',
    help: 'CPU, user and system',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage()
      const seconds = (user + system) / 1e6
      this.inc(seconds - counted)
      counted = seconds
    },
  })
}

/** Only where there is a /proc. A full table accepts nobody, so the limit stands beside it. */
function addDescriptors(registry: Registry): void {
  const limit = descriptorLimit()
  if (limit === undefined) return
  const registers = [registry]
  new Gauge({
    name: 'pchat_open_descriptors',
    help: 'open files and sockets, of the fullest process',
    aggregator: 'max',
    registers,
    async collect() {
      this.set(await countDescriptors())
    },
  })
  new Gauge({
    name: 'pchat_descriptor_limit',
    help: 'how many files and sockets a process may have open',
    aggregator: 'min',
    registers,
  }).set(limit)
}

/** A listing of 20,000 takes 50 ms, so it is made only where the kernel does not tell their number (before Linux 6.2). */
async function countDescriptors(): Promise<number> {
  const { size } = await stat('/proc/self/fd')
  return size > 0 ? size : (await readdir('/proc/self/fd')).length
}
