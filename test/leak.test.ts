import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Verb, verbs } from '../src/protocol/request.ts'
import type { Answer } from './ask-http.ts'
import { changing, probes, type Target } from './leak-probes.ts'
import { type OutsiderKey, openWorld, outsiderKeys, type RoomKey, roomKeys, type World } from './leak-world.ts'

/** Rooms with content; the same without content; without what people in scope may not see; without any. */
let worlds: Record<'full' | 'empty' | 'seen' | 'none', World>
beforeAll(async () => {
  const [full, empty, seen, none] = await Promise.all([
    openWorld({ rooms: 'all', content: true }),
    openWorld({ rooms: 'all', content: false }),
    openWorld({ rooms: 'seen', content: false }),
    openWorld({ rooms: 'none', content: false }),
  ])
  worlds = { full, empty, seen, none }
})
afterAll(() => Promise.all(Object.values(worlds).map(world => world.site.stop())))

/** The world that each outsider must not be able to tell from the full one. */
const worldOf: Record<OutsiderKey, 'empty' | 'seen' | 'none'> = {
  otto: 'none',
  dora: 'none',
  paul: 'none',
  ines: 'seen',
  rita: 'seen',
  mona: 'empty',
  ada: 'empty',
}

const isOther = (verb: Verb) => changing.includes(verb)
const everyVerb = Object.keys(verbs) as Verb[]
const inOrder = [...everyVerb.filter(verb => !isOther(verb)), ...changing]

/** Others are tried with what is known of one room. */
const isOfRooms = (verb: Verb) => /^(room|message|participant|invitation)\.|sync$/.test(verb)

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

type Tried = { verb: Verb; room: RoomKey; input: unknown; answer: unknown }

function inputsOf(verb: Verb, target: Target): unknown[] {
  return (probes[verb] as (t: Target) => unknown[])(target)
}

/** All verbs with all inputs for all rooms: over the live session, and at the other door where there is one. */
async function tryAll(world: World, who: keyof World['live']): Promise<Tried[]> {
  const tried: Tried[] = []
  type Ask = (verb: Verb, input: never) => Promise<Answer<Verb>>
  for (const verb of inOrder) {
    const doors: Ask[] = [world.live[who].ask]
    // Signing in is not for who is signed in, and hashing passwords takes long.
    if (verbs[verb].doors === 'both' && verbs[verb].callers !== 'anyone') doors.push(world.people[who].ask)
    for (const [place, ask] of doors.entries()) {
      const asked = roomKeys
        .filter(room => room === 'secret' || (place === 0 && isOfRooms(verb)))
        .flatMap(room => inputsOf(verb, world.targets[room]).map(input => ({ verb, room, input })))
        .filter((one, i, all) => all.findIndex(other => isSame(one.input, other.input)) === i)
      // What changes something is asked one after the other, so that each world changes alike.
      if (isOther(verb)) for (const one of asked) tried.push({ ...one, answer: await ask(verb, one.input as never) })
      else
        tried.push(
          ...(await Promise.all(asked.map(async one => ({ ...one, answer: await ask(verb, one.input as never) })))),
        )
    }
  }
  // Who hears the common room is counted in it.
  await world.live[who].call('room.part', { room: world.targets.secret.commons })
  return tried.map(one => world.normal(one) as Tried)
}

/**
 * An administrator is told how many messages he removed, and where what he left begins: the published result of these verbs. So
 * are the sessions of a server, as they were at its last beat, and how much is in a room, or was posted there: that is what room.list
 * and usage.report are for.
 */
function withoutOwnCount({ verb, answer, ...one }: Tried): unknown {
  if (verb === 'pool.get' || verb === 'pool.update')
    return { ...one, verb, answer: JSON.stringify(answer).replace(/"sessions":\d+/g, '"sessions":0') }
  if (verb === 'room.list')
    return {
      ...one,
      verb,
      answer: JSON.stringify(answer).replace(/"(contentBytes|messages)":\d+|,"counting":true/g, ''),
    }
  const counted = verb === 'message.remove' || verb === 'room.clear' || verb === 'usage.report'
  return { ...one, verb, answer: counted && 'result' in (answer as object) ? 'done' : answer }
}

/** What shows, as lines that say where; a handful is enough to see it. */
function differences(full: Tried[], without: Tried[]): string[] {
  return full
    .flatMap((one, i) => {
      const [told, instead] = [withoutOwnCount(one), withoutOwnCount(without[i]!)].map(each => JSON.stringify(each))
      return told === instead ? [] : [`${told}\ninstead of\n${instead}`]
    })
    .slice(0, 6)
}

test('[LK1] every verb of the table is tried with at least one input', () => {
  expect(Object.keys(probes).sort()).toEqual(everyVerb.slice().sort())
  for (const verb of everyVerb) expect(inputsOf(verb, worlds.full.targets.secret).length, verb).toBeGreaterThan(0)
})

test('[LK2] the tries tell a room from none where they may: a member gets other answers', async () => {
  const full = await tryReading(worlds.full)
  const none = await tryReading(worlds.none)
  const blind = roomVerbs.filter(verb => JSON.stringify(full.get(verb)) === JSON.stringify(none.get(verb)))
  expect(blind).toEqual([])
})

/** Verbs whose answer to a member of a room is another than where there is no such room. */
const roomVerbs: Verb[] = [
  'session.sync',
  'room.find',
  'room.get',
  'room.members',
  'room.join',
  'room.follow',
  'room.markRead',
  'room.clear',
  'room.delete',
  'invitation.dismiss',
  'participant.list',
  'message.post',
  'message.list',
  'message.search',
  'message.remove',
]

async function tryReading(world: World): Promise<Map<Verb, unknown>> {
  const answers = new Map<Verb, unknown>()
  for (const verb of roomVerbs) {
    const inputs = inputsOf(verb, world.targets.secret)
    answers.set(verb, world.normal(await Promise.all(inputs.map(i => world.live.bob.ask(verb, i as never)))))
  }
  // Who hears a room is counted in it.
  const { room, commons } = world.targets.secret
  for (const one of [room, commons]) await world.live.bob.call('room.part', { room: one })
  return answers
}

describe('to every verb', () => {
  test.each(outsiderKeys)(
    '[LK3] %s is answered as if what he may not know of were not there, by result, count, cursor and refusal, and changes nothing',
    async who => {
      const other = worlds[worldOf[who]]
      const before = await standing(worlds.full)
      const [full, without] = await Promise.all([tryAll(worlds.full, who), tryAll(other, who)])
      expect(full.length).toBe(without.length)
      expect(differences(full, without)).toEqual([])
      if (worldOf[who] !== 'empty') expect(await standing(worlds.full)).toEqual(before)
      expect(worlds.full.normal(eventsOf(worlds.full, who))).toEqual(other.normal(eventsOf(other, who)))
    },
  )
})

/** All that is not the outsider's own, by table; what is left of the deleted room goes by itself. */
async function standing({ site, targets }: World): Promise<Record<string, string>> {
  const tables = ['room', 'room_head', 'room_entry', 'category', 'category_scope', 'category_creator', 'message']
  const found: Record<string, string> = {}
  for (const table of [...tables, 'passing_message', 'repeat', 'principal', 'group_member', 'policy', 'audit']) {
    const sql = `SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) AS all FROM ${table} t WHERE t::text NOT LIKE $1`
    const { rows } = await site.db.query<{ all: string }>(sql, [`%${targets.deleted.room}%`])
    found[table] = rows[0]!.all
  }
  return found
}

/** What came unasked. That a room is off one's own list is told to one's other sessions, whatever the room. */
function eventsOf(world: World, who: OutsiderKey): unknown[] {
  return world.live[who].events.filter(event => event.event !== 'room.unfollowed')
}
