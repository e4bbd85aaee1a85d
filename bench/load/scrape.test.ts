import { expect, test } from 'vitest'
import { addCounts, countsBetween, parseMetrics, quantileOf, rateOf, readMetric, type Scrape } from './scrape.ts'

const at = (atMs: number, text: string): Scrape => ({ atMs, samples: parseMetrics(text) })

test('[LD25] the text format is read with its labels, comments and numbers', () => {
  const text = `# HELP a_b something
# TYPE a_b gauge
a_b 3
a_b{verb="message.post",said="a \\"b\\" \\\\ c"} 1.5e-3 1395066363000

c_bucket{le="+Inf"} 7
d -Inf
e NaN
no number`
  expect(parseMetrics(text)).toEqual([
    { name: 'a_b', labels: {}, value: 3 },
    { name: 'a_b', labels: { verb: 'message.post', said: 'a "b" \\ c' }, value: 0.0015 },
    { name: 'c_bucket', labels: { le: '+Inf' }, value: 7 },
    { name: 'd', labels: {}, value: -Infinity },
    { name: 'e', labels: {}, value: Number.NaN },
    { name: 'no', labels: {}, value: Number.NaN },
  ])
})

test('[LD25] a metric is summed over its samples, or over those of a label; one that is not there is undefined', () => {
  const seen = at(0, 'x{what="a"} 1\nx{what="b"} 2\nxy 9')
  expect(readMetric(seen, 'x')).toBe(3)
  expect(readMetric(seen, 'x', { what: 'b' })).toBe(2)
  expect(readMetric(seen, 'x', { what: 'c' })).toBeUndefined()
  expect(readMetric(seen, 'y')).toBeUndefined()
})

test('[LD25] rates are a second, and count from nothing after a restart', () => {
  expect(rateOf(at(1000, 'x 10'), at(3000, 'x 50'), 'x')).toBe(20)
  expect(rateOf(at(1000, 'x 10'), at(3000, 'x 4'), 'x')).toBe(2)
  expect(rateOf(at(1000, ''), at(3000, ''), 'x')).toBeUndefined()
})

test('[LD25] quantiles are those of what was counted between two scrapes, over all servers', () => {
  const histogram = (...counts: number[]) =>
    ['0.1', '0.2', '+Inf'].map((le, index) => `x_bucket{le="${le}",what="a"} ${counts[index]}`).join('\n')
  const first = countsBetween(at(0, histogram(5, 5, 5)), at(1, histogram(5, 15, 15)), 'x', { what: 'a' })
  expect(quantileOf(first, 0.5)).toBeCloseTo(0.15)
  const restarted = countsBetween(at(0, histogram(50, 50, 50)), at(1, histogram(10, 10, 10)), 'x')
  expect(quantileOf(restarted, 0.5)).toBeCloseTo(0.05)
  const both = addCounts([first, restarted])
  expect(quantileOf(both, 1)).toBeCloseTo(0.2)
  expect(quantileOf(both, 0.25)).toBeCloseTo(0.05)
  const above = countsBetween(at(0, histogram(0, 0, 0)), at(1, histogram(0, 0, 3)), 'x')
  expect(quantileOf(above, 0.5)).toBe(0.2)
  expect(quantileOf(countsBetween(at(0, histogram(1, 1, 1)), at(1, histogram(1, 1, 1)), 'x'), 0.5)).toBeUndefined()
})
