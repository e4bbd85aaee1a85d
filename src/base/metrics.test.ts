import { openSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openMetrics, openParentMetrics, sumCounted } from './metrics.ts'

/** Samples by name with labels, as Prometheus reads them. */
function read(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+(?:\{[^}]*\})?) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  )
}

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

const turn = () => new Promise(resolve => setTimeout(resolve, 50))

test('[OP1] a process shows its memory, its CPU, and its open descriptors beside their limit', async () => {
  const { registry } = openMetrics()
  const before = read(await registry.metrics())
  expect(before.get('pchat_resident_bytes')).toBeGreaterThan(10 * 2 ** 20)
  const open = before.get('pchat_open_descriptors')!
  expect(Math.abs(open - readdirSync('/proc/self/fd').length)).toBeLessThan(10)
  expect(before.get('pchat_descriptor_limit')).toBeGreaterThan(open)
  for (let count = 0; count < 100; count += 1) openSync('/dev/null', 'r')
  block(100)
  const after = read(await registry.metrics())
  expect(after.get('pchat_open_descriptors')! - open).toBeGreaterThan(50)
  expect(after.get('pchat_cpu_seconds_total')! - before.get('pchat_cpu_seconds_total')!).toBeGreaterThan(0.01)
})

test('[OP1] the delay of the event loop is told since it was last asked for, and pauses of the garbage collection', async () => {
  const { registry } = openMetrics()
  const longest = 'pchat_event_loop_delay_seconds{share="1"}'
  await expect
    .poll(
      async () => {
        await turn()
        block(300)
        await turn()
        return read(await registry.metrics()).get(longest)
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0.2)
  // Asked for again: what was is told no more, unless the machine itself stands still.
  await expect.poll(async () => read(await registry.metrics()).get(longest), { timeout: 20_000 }).toBeLessThan(0.2)
  const kept: object[] = []
  await expect
    .poll(
      async () => {
        for (let count = 0; count < 100_000; count += 1) kept[count] = { count }
        return read(await registry.metrics()).get('pchat_gc_pause_seconds_count')
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0)
})

test('[OP2] who waits is told by line, asked when somebody looks', async () => {
  const { registry, lines } = openMetrics()
  let length = 3
  lines.set('somewhere', () => length)
  expect(read(await registry.metrics()).get('pchat_waiting{line="somewhere"}')).toBe(3)
  length = 0
  expect(read(await registry.metrics()).get('pchat_waiting{line="somewhere"}')).toBe(0)
})

test('[OP5] of several processes sums are summed, delays are the longest, descriptors those of the fullest', async () => {
  const processes = [openMetrics(), openMetrics()]
  const [one, two] = processes
  one!.sessions.set(3)
  two!.sessions.set(4)
  one!.storeSeconds.observe({ what: 'statement' }, 0.003)
  two!.storeSeconds.observe({ what: 'statement' }, 0.004)
  one!.busAway.set(1)
  await turn()
  const counted = await Promise.all(
    [...processes, openParentMetrics()].map(({ registry }) => registry.getMetricsAsJSON()),
  )
  const valueAt = (place: number, name: string, share?: string) =>
    Number(
      counted[place]!.find(metric => metric.name === name)!.values.find(
        value => (value.labels as { share?: string }).share === share,
      )!.value,
    )
  const all = read(await sumCounted(counted))
  const each = (name: string, share?: string) => [0, 1, 2].map(place => valueAt(place, name, share))
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  expect(all.get('pchat_sessions')).toBe(7)
  expect(all.get('pchat_store_seconds_count{what="statement"}')).toBe(2)
  expect(all.get('pchat_bus_away')).toBe(1)
  expect(all.get('pchat_resident_bytes')).toBe(sum(each('pchat_resident_bytes')))
  expect(all.get('pchat_cpu_seconds_total')).toBeCloseTo(sum(each('pchat_cpu_seconds_total')), 6)
  expect(all.get('pchat_open_descriptors')).toBe(Math.max(...each('pchat_open_descriptors')))
  expect(all.get('pchat_descriptor_limit')).toBe(Math.min(...each('pchat_descriptor_limit')))
  for (const share of ['0.5', '0.99', '1'])
    expect(all.get(`pchat_event_loop_delay_seconds{share="${share}"}`)).toBe(
      Math.max(...each('pchat_event_loop_delay_seconds', share)),
    )
})
