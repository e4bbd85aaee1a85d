import { expect, test } from 'vitest'
import { exampleDocument } from '../../../src/topology/example.ts'
import { judgeDocument } from '../../../src/topology/judge.ts'
import { readDocument } from './topology-document.ts'
import { changesOf, partsOf } from './topology-parts.ts'

const first = exampleDocument('standard-edition', 'one.example.com')
const changed = (text: string) => {
  const { picture } = judgeDocument(text, first)
  return [...changesOf(partsOf(readDocument(text).value), picture!.nodes)].filter(([, change]) => change !== 'none')
}

test('[TB50] the list marks the pool that changed, though what is embedded in it has its place; and a change of that as one of the pool', () => {
  expect(changed(`${first}    displayName: Other rooms\n`)).toEqual([['/persistentChatPools/0', 'changed']])
  const recorded = `${first}    compliance:\n      enabled: true\n`
  expect(changed(recorded)).toEqual([['/persistentChatPools/0', 'changed']])
  expect(changed(first)).toEqual([])
})
