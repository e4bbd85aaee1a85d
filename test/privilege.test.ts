import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Input, Verb } from '../src/protocol/request.ts'
import { verbs } from '../src/protocol/request.ts'
import { letters, type Row, table } from './privilege-table.ts'
import { type CallerKey, callerKeys, openPrivilegeWorld, type World } from './privilege-world.ts'

let world: World
beforeAll(async () => {
  world = await openPrivilegeWorld()
}, 120_000)
afterAll(async () => {
  await world.site.stop()
  await rm(world.site.folder, { recursive: true, force: true })
})

const everyVerb = Object.keys(verbs) as Verb[]
const rowOf = (verb: Verb) => table[verb] as Row<Verb>
const inputOf = async (verb: Verb) => (await rowOf(verb).input(world)) as Input<Verb>
const expectedOf = (verb: Verb, who: CallerKey) => letters[rowOf(verb).expected[callerKeys.indexOf(who)]!]

async function countRecorded(): Promise<number> {
  const { rows } = await world.site.db.query<{ n: number }>('SELECT count(*) AS n FROM audit')
  return rows[0]!.n
}

test('[AR1] every verb has a row, every row a cell for each kind of caller, and nothing else is in the table', () => {
  expect(Object.keys(table).sort()).toEqual([...everyVerb].sort())
  for (const verb of everyVerb) {
    const { expected } = rowOf(verb)
    expect(expected, verb).toHaveLength(callerKeys.length)
    for (const letter of expected) expect(letters, verb).toHaveProperty(letter)
  }
})

/** HTTP refuses what binds a live session, after it has asked who is there. */
function atHttp(verb: Verb, who: CallerKey) {
  if (verbs[verb].doors === 'both') return expectedOf(verb, who)
  return who === 'stranger' ? 'unauthenticated' : 'invalid_argument'
}

test.each(everyVerb)('[AR1] [AR17] %s, for every kind of caller over HTTP', async verb => {
  const { effect } = rowOf(verb)
  const answers: string[] = []
  const expected: string[] = []
  for (const who of callerKeys) {
    const input = await inputOf(verb)
    const before = await countRecorded()
    const code = await world.people[who].code(verb, input)
    answers.push(`${who}: ${code}`)
    expected.push(`${who}: ${atHttp(verb, who)}`)
    const recorded = (await countRecorded()) - before
    if (effect === 'reads' || (code !== 'ok' && effect === 'writes')) expect(recorded, `${verb} of ${who}`).toBe(0)
    if (effect === 'writes' && code === 'ok') expect(recorded, `${verb} of ${who}`).toBeGreaterThan(0)
  }
  expect(answers).toEqual(expected)
})

test('[AR1] over the WebSocket every kind of caller is answered as the table says', async () => {
  const sample: Verb[] = [
    ...everyVerb.filter(verb => verbs[verb].doors === 'websocket'),
    ...(['audit.list', 'settings.update', 'policy.grant', 'role.list', 'room.get', 'message.list'] as const),
    ...(['message.post', 'room.breakGlass', 'directory.explain', 'category.create', 'principal.get'] as const),
  ]
  for (const who of callerKeys) {
    // A connection of a stranger ends with his first frame.
    if (who === 'stranger') continue
    const live = await world.people[who].open()
    for (const verb of sample)
      expect(`${who}, ${verb}: ${await live.code(verb, await inputOf(verb))}`).toBe(
        `${who}, ${verb}: ${expectedOf(verb, who)}`,
      )
    await live.close()
  }
  await expect(world.people.stranger.open()).rejects.toThrow('unauthenticated')
})

/** Members of inputs that name what somebody may not know of, and what stands for it in the hidden part of the world. */
const hiding = ['room', 'category', 'file'] as const

test('[AR2] what a caller may not know of is answered by every verb as what does not exist', async () => {
  const blind = ['stranger', 'withoutPolicy', 'user', 'manager', 'creator', 'complianceOfficer', 'userAdministrator']
  let compared = 0
  for (const verb of everyVerb) {
    if (verbs[verb].doors === 'websocket') continue
    const input = (await inputOf(verb)) as Record<string, unknown>
    for (const member of hiding.filter(name => name in input)) {
      for (const who of blind as CallerKey[]) {
        const about = async (id: string) => {
          const answer = await world.people[who].ask(verb, { ...input, [member]: id } as Input<Verb>)
          return JSON.stringify(answer).replaceAll(id, 'id')
        }
        expect(await about(world.hidden[member]), `${verb} of ${who}`).toBe(await about(randomUUID()))
        compared += 1
      }
    }
  }
  expect(compared).toBeGreaterThan(150)
})

/** Of a verb that role holders alone may ask, the name says whether it only reads. */
const readingName = /\.(get|list|find|status|check|explain|members|report|simulate|simulation|schema|example|history)$/

test('[AR17] what only a role may ask is recorded, or its name says that it only reads', () => {
  const wrong = everyVerb.filter(
    verb => typeof verbs[verb].callers !== 'string' && (rowOf(verb).effect === 'reads') !== readingName.test(verb),
  )
  expect(wrong).toEqual([])
})

/** All rows of all tables but of those that a server writes by itself, as it lives, and of what only says how far it looked. */
async function contents(leaving: string): Promise<Record<string, string>> {
  const { db } = world.site
  const { rows: tables } = await db.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname NOT IN ('session', 'server', 'server_process', 'sign_in', 'file_garbage', 'denial_look')`,
  )
  const found: Record<string, string> = {}
  for (const { name } of tables) {
    const { rows } = await db.query<{ all: string }>(
      `SELECT coalesce(md5(string_agg(t::text, ';' ORDER BY t::text)), '') AS all FROM "${name}" t WHERE t::text !~ $1`,
      [leaving],
    )
    found[name] = rows[0]!.all
  }
  return found
}

test('[AR17] what cannot be recorded is not done', async () => {
  const { db } = world.site
  const writing = everyVerb.filter(verb => rowOf(verb).effect === 'writes' && rowOf(verb).expected.endsWith('y'))
  const inputs = new Map<Verb, Input<Verb>>()
  for (const verb of writing) inputs.set(verb, await inputOf(verb))
  await db.query(`CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;
    CREATE TRIGGER refuse_row BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION refuse_row()`)
  try {
    // What rooms that were deleted or cleared before have left goes by itself, in slices.
    const { rows } = await db.query<{ rooms: string | null }>("SELECT string_agg(room::text, '|') AS rooms FROM purge")
    const leaving = rows[0]!.rooms ?? 'none'
    const before = await contents(leaving)
    for (const verb of writing) {
      expect(`${verb}: ${await world.people.administrator.code(verb, inputs.get(verb)!)}`).toBe(`${verb}: internal`)
      const after = await contents(leaving)
      for (const table of Object.keys(before)) expect(after[table], `${table} after ${verb}`).toBe(before[table])
    }
  } finally {
    await db.query('DROP FUNCTION refuse_row CASCADE')
  }
})
