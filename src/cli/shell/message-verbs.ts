import { replacementText } from '../../protocol/message.ts'
import { shown, stay } from './compare.ts'
import { Misuse } from './fault.ts'
import { roomOf } from './names.ts'
import { choice, flag, instant, list } from './values.ts'
import type { Change, Given, Plan, Shell, ShellVerb } from './verb.ts'

export const messageVerbs: ShellVerb[] = [
  {
    path: ['message', 'remove'],
    text: 'remove or replace messages of a room',
    about: `Of a user, of a period, or with these words; conditions that are given together must all be met, and one must be given. All of the
words must stand in a message unless --match-clause says otherwise, whatever their case unless --case-sensitive. Without --remove a text
stands in place of each: "${replacementText}". It cannot be undone.`,
    argument: { name: 'room', text: 'name, id or address of the room', required: true },
    options: [
      { name: 'remove', text: 'take them away instead of putting a text in their place' },
      { name: 'replace-message', value: '<text>', text: 'the text in their place, in other words than the default' },
      list('user-uri', 'account name of who wrote them'),
      instant('start-date', 'not before; a day alone begins at midnight', 'start'),
      instant('end-date', 'not after; a day alone ends at midnight', 'end'),
      { name: 'filter', value: '<words>', text: 'words that stand in them' },
      choice(
        'match-clause',
        'and (or all): all of the words; or: one of them; exact: this very text. Default: all',
        ['all', 'or', 'exact'],
        { and: 'all' },
      ),
      flag('case-sensitive', 'the words are meant as they are written; default: false'),
    ],
    cmdlet: 'Remove-CsPersistentChatMessage',
    examples: [
      'pchat message remove "FX desk" --filter "secret project" --what-if',
      'pchat message remove "FX desk" --user-uri ann@example.com --start-date 2026-11-01 --remove --confirm',
    ],
    destroys: true,
    plan: planRemove,
  },
]

type Sample = { seq: number; at: string; author?: { name: string }; text?: string }

async function planRemove(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const { remove, replaceMessage, userUri, startDate, endDate, filter, matchClause = 'all', caseSensitive } = options
  if (remove && replaceMessage !== undefined)
    throw new Misuse('--remove takes messages away, --replace-message puts a text there. Give one of the two.')
  if ([userUri, startDate, endDate, filter].every(one => one === undefined))
    throw new Misuse(
      'Say which messages: --user-uri, --start-date, --end-date or --filter. pchat room clear takes all up to a date.',
    )
  const { room } = await roomOf(shell, identity!)
  const input = {
    room: room.id,
    filter: {
      ...(userUri === undefined ? {} : { authors: userUri }),
      ...(startDate === undefined ? {} : { from: startDate }),
      ...(endDate === undefined ? {} : { until: endDate }),
      ...(filter === undefined
        ? {}
        : { text: filter, match: matchClause === 'or' ? 'any' : matchClause, matchCase: caseSensitive === true }),
    },
    ...(remove ? {} : { replaceWith: replaceMessage ?? replacementText }),
  }
  const would = await shell.call<{ removed: number; denied?: number; sample?: Sample[] }>('message.remove', {
    ...input,
    dryRun: true,
  })
  const { removed, denied = 0, sample = [] } = would
  const change = remove ? 'remove' : 'replace'
  const then = shown('replaceWith' in input ? input.replaceWith : '')
  const changes: Change[] = sample.map(one => ({
    what: `message ${one.seq}`,
    change,
    now: `${one.at} ${one.author?.name ?? ''} ${(one.text ?? '').slice(0, 60)}`.trim(),
    after: then,
  }))
  if (removed > sample.length)
    changes.push({
      what: `${removed - sample.length} ${sample.length > 0 ? 'more' : 'messages'}`,
      change,
      now: '',
      after: then,
    })
  changes.push(...stay(denied))
  return {
    changes,
    destroys: `${removed} messages of "${room.name}" ${remove ? 'go' : 'are replaced'}, for good.`,
    apply: async () =>
      removed + denied === 0 ? { value: { removed } } : { value: await shell.call('message.remove', input) },
  }
}
