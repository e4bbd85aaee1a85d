import { expect, test } from 'vitest'
import type { Client } from '../../../src/client/client.ts'
import { readPeopleFile } from './people-file.ts'
import { lookUpNames, type PeopleReport, runPlan } from './people-import.ts'
import { type Known, namesOf, planCounts, planPeople } from './people-plan.ts'

type Ask = (verb: string, input: Record<string, unknown>) => unknown
const refusal = (code: string, message = code) => Object.assign(new Error(message), { code })

function clientOf(answer: Ask) {
  const asked: [string, Record<string, unknown>][] = []
  const request = async (verb: string, input: Record<string, unknown>) => {
    asked.push([verb, input])
    await new Promise(resolve => setTimeout(resolve, 1))
    return answer(verb, input)
  }
  return { asked, client: { request } as unknown as Client }
}

const there = (name: string, kind = 'user') =>
  ({ principal: { id: `id of ${name}`, kind, name, displayName: name }, groups: [] }) as unknown as Known extends Map<
    string,
    infer Found
  >
    ? Found
    : never

function run(client: Client, text: string, known: Known = new Map(), signal = new AbortController().signal) {
  const file = readPeopleFile(text)
  for (const name of namesOf(file)) if (!known.has(name)) known.set(name, null)
  return runPlan(client, planPeople(file, known, 'first password'), () => {}, signal)
}

const doneOf = ({ done }: PeopleReport) => planCounts({ steps: done })
const lines = ({ faults }: PeopleReport) => faults.map(({ line, name, sentence }) => [line, name, sentence])

test('[CN16] an import that is cut off stops all that is beside it, and tells what was done and why it ended', async () => {
  const { client, asked } = clientOf((_, { name }) => {
    if (name === 'p3') throw refusal('unavailable', 'The server is away.')
  })
  const names = Array.from({ length: 40 }, (_, index) => `p${index + 1},g`)
  const report = await run(client, ['name,groups', ...names].join('\n'))
  expect(report).toMatchObject({ isStopped: true, fault: { code: 'unavailable', sentence: 'The server is away.' } })
  expect(report.faults).toEqual([])
  expect(asked.length).toBeLessThan(10)
  // What was asked and answered counts, be it beside the one that failed.
  expect(doneOf(report)).toMatchObject({ groups: 1, users: asked.length - 2, joined: 0 })
  const looking = clientOf((_, { principal }) => {
    if (principal === 'p2') throw refusal('unavailable')
    return there('x')
  })
  const all = Array.from({ length: 40 }, (_, index) => `p${index + 1}`)
  await expect(lookUpNames(looking.client, all, () => {}, new AbortController().signal)).rejects.toThrow('unavailable')
  expect(looking.asked.length).toBeLessThan(10)
})

test('[CN16] who is there comes into his groups, whatever was refused of him; who is left out is told, once, and not counted', async () => {
  const { client, asked } = clientOf((verb, { name, principal, group }) => {
    if (verb === 'principal.get') return there(String(principal), principal === 'sellers' ? 'group' : 'user')
    if (verb === 'principal.update') throw refusal('forbidden', 'Not yours.')
    if (name === 'new' || name === 'sellers') throw refusal('name_taken', 'Taken.')
    if (name === 'bad') throw refusal('invalid_argument', 'No address.')
    if (group === 'shut') throw refusal('forbidden', 'Not that group.')
  })
  const known: Known = new Map([['old', there('old')]])
  const text = `name,displayName,groups
old,Other,sellers
new,New,sellers;shut
bad,Bad,sellers;shut
good,Good,sellers`
  const report = await run(client, text, known)
  const joins = asked.filter(([verb]) => verb === 'group.update').map(([, input]) => input)
  expect(joins).toEqual([
    { group: 'sellers', add: ['old', 'new', 'good'] },
    { group: 'shut', add: ['new'] },
  ])
  expect(lines(report)).toEqual([
    [2, 'old', 'Not yours.'],
    [3, 'new', 'Taken.'],
    [3, 'new', 'Not put into "shut": Not that group.'],
    [4, 'bad', 'No address.'],
  ])
  expect(doneOf(report)).toEqual({ units: 0, groups: 1, users: 1, changes: 0, joined: 3 })
  expect([report.isStopped, report.fault]).toEqual([false, undefined])
})

test('[CN16] where a group could not be made each who was to be in it is told', async () => {
  const { client } = clientOf((_, { name }) => {
    if (name === 'g') throw refusal('forbidden', 'No groups.')
  })
  const report = await run(client, 'name,groups\na,g\nb,g')
  expect(lines(report)).toEqual([
    [2, 'g', 'No groups.'],
    [2, 'a', 'Not put into "g": "g" could not be made.'],
    [3, 'b', 'Not put into "g": "g" could not be made.'],
  ])
  expect(doneOf(report)).toMatchObject({ users: 2, joined: 0 })
})

test('[CN16] who stops while the server asks to wait is told of no refusal', async () => {
  const stop = new AbortController()
  const { client } = clientOf(() => {
    stop.abort()
    throw Object.assign(refusal('rate_limited'), { retryAfterMs: 1 })
  })
  expect(await run(client, 'name\na\nb', new Map(), stop.signal)).toEqual({ done: [], faults: [], isStopped: true })
})
