import type { Principal } from '../../protocol/principal.ts'
import { Misuse } from './fault.ts'
import { categoryOf, roomId } from './names.ts'
import { tableLines } from './table.ts'
import { plainName, whole } from './values.ts'
import type { Answer, Given, Shell, ShellVerb } from './verb.ts'

export const eligibleVerbs: ShellVerb[] = [
  {
    path: ['eligible-principal', 'get'],
    text: 'list the users who may be in the rooms of a category, or in a room',
    about:
      'Groups, organisational units and domains are taken apart into their users. --result-size 0 answers nothing; without it all are listed.',
    options: [
      { name: 'category', value: '<category>', text: 'name or id of the category; this or --room must be given' },
      { name: 'room', value: '<room>', text: 'name, id or address of the room' },
      { name: 'filter', value: '<pattern>', text: 'pattern of the account name, such as "ann*@example.com"' },
      { name: 'presenters', text: 'who may be a presenter of this auditorium: its members only' },
      whole('result-size', 'at most so many, 0 to 2147483647', 0, 2 ** 31 - 1),
    ],
    cmdlet: 'Get-CsPersistentChatEligiblePrincipal',
    examples: [
      'pchat eligible-principal get --category Trading',
      'pchat eligible-principal get --room Briefing --presenters --filter "*@example.com" --json',
    ],
    get: getEligible,
  },
]

async function getEligible(shell: Shell, { options }: Given): Promise<Answer> {
  const { category, room, filter, presenters, resultSize } = options as {
    category?: string
    room?: string
    filter?: string
    presenters?: boolean
    resultSize?: number
  }
  if ((category === undefined) === (room === undefined)) throw new Misuse('Give --category or --room, one of the two.')
  const input = {
    ...(category === undefined ? {} : { category: (await categoryOf(shell, category)).id }),
    ...(room === undefined ? {} : { room: await roomId(shell, room) }),
    ...(filter === undefined ? {} : { filter: plainName(filter) }),
    ...(presenters ? { presenters: true } : {}),
  }
  const most = resultSize ?? Number.POSITIVE_INFINITY
  const principals: Principal[] = []
  for (let after: string | undefined; principals.length < most; ) {
    const limit = Math.min(1000, most - principals.length)
    const page = await shell.call<{ principals: Principal[]; next?: string }>('principal.eligible', {
      ...input,
      limit,
      ...(after && { after }),
    })
    principals.push(...page.principals)
    after = page.next
    if (after === undefined) break
  }
  return { value: { principals }, lines: principalTable(principals) }
}

export function principalTable(principals: Principal[]): string[] {
  if (principals.length === 0) return []
  return tableLines([['NAME', 'DISPLAY NAME', 'KIND'], ...principals.map(one => [one.name, one.displayName, one.kind])])
}
