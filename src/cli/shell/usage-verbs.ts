import type { Principal } from '../../protocol/principal.ts'
import { shown } from './compare.ts'
import { tableLines } from './table.ts'
import { whole } from './values.ts'
import { type Answer, type Given, onlySaid, type Shell, type ShellOption, type ShellVerb } from './verb.ts'

const day = (name: string, text: string): ShellOption => ({
  name,
  value: '<day>',
  text: `${text}, a day in UTC such as 2026-11-24`,
})

export const usageVerbs: ShellVerb[] = [
  {
    path: ['usage', 'get'],
    text: 'report the most and least active rooms and users, who was inactive, and trends',
    options: [
      day('start-date', 'first day of the period'),
      day('end-date', 'last day of the period'),
      day('inactive-since', 'who did nothing since then is inactive'),
      whole('result-size', 'at most so many of each list, 1 to 1000', 1, 1000),
    ],
    examples: ['pchat usage get', 'pchat usage get --start-date 2026-11-01 --end-date 2026-11-30 --json'],
    get: getUsage,
  },
]

type Used = { room?: { name: string; categoryName: string }; principal?: Principal; messages: number }
type Idle = { room?: { name: string }; principal?: Principal; lastPostAt?: string | null; lastPostDay?: string | null }
type Activity = { mostActive: Used[]; leastActive: Used[]; inactive: { count: number; longest: Idle[] } }
type Report = {
  from: string
  until: string
  inactiveSince: string
  totals: Record<string, number | Record<string, number>>
  period: Record<string, number>
  rooms: Activity
  users: Activity
  weekly: { day: string; messages: number; rooms: number; users: number }[]
}

async function getUsage(shell: Shell, { options }: Given): Promise<Answer> {
  const { startDate: from, endDate: until, inactiveSince, resultSize: limit } = options
  const input = onlySaid({ from, until, inactiveSince, limit })
  const answer = await shell.call<{ report: Report }>('usage.report', input)
  return { value: answer, lines: reportLines(answer.report) }
}

function reportLines({ from, until, inactiveSince, totals, period, rooms, users, weekly }: Report): string[] {
  const flat = Object.entries(totals).flatMap(([name, value]) =>
    typeof value === 'number'
      ? [[name, `${value}`]]
      : Object.entries(value).map(([part, count]) => [`${name}, ${part}`, `${count}`]),
  )
  return [
    `${from} to ${until}`,
    ...tableLines([['PERIOD', 'COUNT'], ...Object.entries(period).map(([name, count]) => [name, `${count}`])]),
    '',
    ...tableLines([['TOTAL', 'COUNT'], ...flat]),
    ...usedTable('MOST ACTIVE ROOMS', rooms.mostActive),
    ...usedTable('LEAST ACTIVE ROOMS', rooms.leastActive),
    ...idleTable(`ROOMS WITHOUT A POST SINCE ${inactiveSince}`, rooms.inactive),
    ...usedTable('MOST ACTIVE USERS', users.mostActive),
    ...usedTable('LEAST ACTIVE USERS', users.leastActive),
    ...idleTable(`USERS WHO DID NOTHING SINCE ${inactiveSince}`, users.inactive),
    '',
    ...tableLines([
      ['WEEK', 'MESSAGES', 'ROOMS', 'USERS'],
      ...weekly.map(one => [one.day, `${one.messages}`, `${one.rooms}`, `${one.users}`]),
    ]),
  ]
}

function usedTable(title: string, used: Used[]): string[] {
  if (used.length === 0) return []
  return [
    '',
    ...tableLines([
      [title, 'MESSAGES'],
      ...used.map(one => [one.room?.name ?? one.principal?.name ?? '', `${one.messages}`]),
    ]),
  ]
}

function idleTable(title: string, { count, longest }: Activity['inactive']): string[] {
  if (count === 0) return []
  const rows = longest.map(one => [
    one.room?.name ?? one.principal?.name ?? '',
    shown(one.lastPostAt ?? one.lastPostDay),
  ])
  return ['', ...tableLines([[`${title}: ${count}`, 'LAST POST'], ...rows])]
}
