import type { Result } from '../../protocol/request.ts'
import { Misuse } from './fault.ts'
import { principalOf } from './names.ts'
import { tableLines } from './table.ts'
import { instant, plainName, whole } from './values.ts'
import { type Answer, type Given, onlySaid, type Plan, type Shell, type ShellVerb } from './verb.ts'

/** Sign-ins, and what administrators did. */
export const recordVerbs: ShellVerb[] = [
  {
    path: ['session', 'get'],
    text: 'list sign-ins',
    argument: { name: 'user', text: 'account name or id; without one your own', required: false },
    options: [
      { name: 'record', text: 'the record of past sign-ins and refused tries instead' },
      whole('result-size', 'at most so many of the record, 1 to 1000; 100 unless said', 1, 1000),
    ],
    examples: ['pchat session get alice@example.com', 'pchat session get alice@example.com --record --json'],
    get: getSessions,
  },
  {
    path: ['session', 'end'],
    text: 'end a sign-in, or all of a user',
    argument: { name: 'user', text: 'account name or id', required: false },
    options: [{ name: 'session', value: '<id>', text: 'this one only; pchat session get has its id' }],
    examples: [
      'pchat session end alice@example.com',
      'pchat session end --session 6f1c6b1e-55b0-4d5a-8a6a-1f3a6b0f8a11 --what-if',
    ],
    plan: planEnd,
  },
  {
    path: ['audit', 'get'],
    text: "show administrators' actions, newest first",
    options: [
      { name: 'action', value: '<action>', text: 'such as room.update; room. is all of rooms' },
      { name: 'actor', value: '<user>', text: 'account name or id of who did it' },
      { name: 'subject', value: '<name>', text: 'id or name of what it was done to' },
      { name: 'text', value: '<words>', text: 'words of the detail' },
      instant('start-date', 'not before; a day alone begins at midnight', 'start'),
      instant('end-date', 'not after; a day alone ends at midnight', 'end'),
      whole('result-size', 'at most so many, 1 to 2147483647; 100 unless said', 1, 2 ** 31 - 1),
    ],
    examples: ['pchat audit get --subject "FX desk"', 'pchat audit get --action room. --start-date 2026-11-01 --json'],
    get: getAudit,
  },
]

async function getSessions(shell: Shell, { identity, options }: Given): Promise<Answer> {
  const who = identity === undefined ? {} : { user: plainName(identity) }
  if (options.record) {
    const { resultSize: limit = 100 } = options
    const answer = await shell.call<Result<'session.record'>>('session.record', { ...who, limit })
    const rows = answer.entries.map(one => Object.values(recordRow(one)))
    return {
      value: answer,
      lines: rows.length === 0 ? [] : tableLines([['AT', 'NAME', 'OUTCOME', 'WAY', 'ADDRESS'], ...rows]),
    }
  }
  const answer = await shell.call<Result<'session.list'>>('session.list', who)
  const rows = answer.sessions.map(one => [
    one.id,
    one.principal.name,
    one.kind,
    one.createdAt,
    one.lastUsedAt,
    one.address,
  ])
  return {
    value: answer,
    lines: rows.length === 0 ? [] : tableLines([['SESSION', 'USER', 'KIND', 'SINCE', 'LAST USED', 'ADDRESS'], ...rows]),
  }
}

function recordRow(entry: object): Record<string, string> {
  const { at, name, outcome, way, address } = entry as Record<string, unknown>
  return Object.fromEntries(
    Object.entries({ at, name, outcome, way, address }).map(([key, value]) => [key, String(value ?? '-')]),
  )
}

async function planEnd(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const session = options.session as string | undefined
  if ((session === undefined) === (identity === undefined))
    throw new Misuse('Name the user whose sign-ins end, or one sign-in with --session.')
  if (session !== undefined)
    return {
      changes: [{ what: `session ${session}`, change: 'end', now: '', after: '' }],
      apply: async () => ({ value: await shell.call('session.end', { session }) }),
    }
  const { principal } = await principalOf(shell, identity!)
  const { sessions } = await shell.call<Result<'session.list'>>('session.list', { user: principal.id })
  return {
    changes: sessions.map(one => ({
      what: `session ${one.id}`,
      change: 'end',
      now: `${principal.name} at ${one.address}, last used ${one.lastUsedAt}`,
      after: '',
    })),
    apply: async () => ({ value: await shell.call('session.end', { user: principal.id }) }),
  }
}

const page = 1000

async function getAudit(shell: Shell, { options }: Given): Promise<Answer> {
  const { action, actor, subject, text, startDate, endDate } = options
  const most = (options.resultSize as number | undefined) ?? 100
  const filter = onlySaid({
    action,
    actor: actor === undefined ? undefined : plainName(actor as string),
    subject,
    text,
    from: startDate,
    until: endDate,
  })
  const entries: Result<'audit.list'>['entries'] = []
  for (let before: number | undefined; entries.length < most; ) {
    const limit = Math.min(page, most - entries.length)
    const answer = await shell.call<Result<'audit.list'>>('audit.list', {
      ...filter,
      limit,
      ...(before === undefined ? {} : { before }),
    })
    entries.push(...answer.entries)
    before = answer.entries.at(-1)?.id
    if (answer.entries.length < limit) break
  }
  const rows = entries.map(one => [
    one.at,
    one.actor?.name ?? '-',
    one.action,
    one.subject,
    JSON.stringify(one.detail).slice(0, 100),
  ])
  return {
    value: { entries },
    lines: rows.length === 0 ? [] : tableLines([['AT', 'ACTOR', 'ACTION', 'SUBJECT', 'DETAIL'], ...rows]),
  }
}
