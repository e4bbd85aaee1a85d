import { expect, test } from 'vitest'
import { exampleDocument } from './example.ts'
import { judgeDocument } from './judge.ts'

test('[TB47] what is asked of servers and by commands is told of all differences, also of those that are not', () => {
  const first = exampleDocument('enterprise-edition')
  const sites = (name: string) =>
    Array.from({ length: 400 }, (_, i) => `  - name: s${i}\n    displayName: ${name} ${i}\n`).join('')
  const at = 'sites:\n'
  expect(first).toContain(at)
  const before = first.replace(at, `${at}${sites('Before')}`)
  const after = first
    .replace(at, `${at}${sites('After')}`)
    .replace('displayName: Main rooms', 'displayName: Main rooms\n    webPort: 8443')
  const { differences, moreDifferences, asks, faults } = judgeDocument(after, before)
  expect(faults).toEqual([])
  expect(differences).toHaveLength(300)
  expect(moreDifferences).toBeGreaterThan(0)
  expect(differences!.flatMap(one => one.asks)).toEqual([])
  expect(asks!.servers).toContainEqual({ doing: 'restart', server: 'fe1.example.com' })
  expect(new Set(asks!.servers.map(one => JSON.stringify(one))).size).toBe(asks!.servers.length)
  expect(asks!.more).toBe(0)
  expect(judgeDocument(after, after).asks).toEqual({ servers: [], more: 0, verbs: [] })
  expect(judgeDocument(after).asks).toBeUndefined()
})
