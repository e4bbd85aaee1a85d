import { expect, test } from 'vitest'
import { maxTopologyBytes } from '../../../src/protocol/topology-limits.ts'
import type { Ask } from './chat.ts'
import { checkText } from './topology-check.ts'

test('[TB49] what has no room in a frame is refused in the page, whoever has it checked: the session would end over it', async () => {
  let asked = 0
  const ask = (async () => {
    asked += 1
    return {}
  }) as unknown as Ask
  const refused = (text: string, before?: string) =>
    checkText(ask, { text, ...(before === undefined ? {} : { before }) }).then(
      () => '',
      (error: Error & { code: string }) => `${error.code}: ${error.message}`,
    )
  const half = 'x'.repeat(maxTopologyBytes * 0.6)
  expect(await refused(half)).toBe('')
  expect(await refused('x'.repeat(maxTopologyBytes), 'x')).toBe('')
  expect(asked).toBe(2)
  expect(await refused('x'.repeat(maxTopologyBytes + 1))).toMatch(/^too_large: .*pchat topology publish/)
  // Each of these is two bytes in JSON.
  expect(await refused('\n'.repeat(maxTopologyBytes))).toMatch(/^too_large/)
  expect(await refused(half, `${half}${half}`)).toMatch(/^too_large: .*pchat topology diff/)
  expect(asked).toBe(2)
})
