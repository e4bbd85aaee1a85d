import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/client.ts'
import type { Input } from '../../src/protocol/request.ts'
import type { Kept, KeptRoom } from '../kill-check.ts'
import { callUntil } from '../pool-call.ts'
import { findPoolFaults } from '../pool-check.ts'
import type { Random } from '../random.ts'
import { admin } from './administrator.ts'
import { domain } from './document.ts'
import { openSpeaker, type Speaker } from './speaker.ts'
import type { Stage } from './stage.ts'
import { openVictim } from './victim.ts'

export type TalkOptions = {
  stage: Stage
  frontEnds: string[]
  users: number
  postsPerSecond: number
  random: Random
  network: string
}

export type TalkReport = {
  users: number
  posts: number
  acknowledged: number
  heard: number
  /** Connections that were opened beyond the first of each. */
  reconnected: number
  rightChanges: number
  refusedStrangers: number
}

export type Talk = {
  token: string
  speakers: Speaker[]
  rooms: string[]
  category: string
  /** Lets everybody fall silent, waits until all have heard all, and looks for what is lost, doubled, mixed up or leaked. */
  finish(): Promise<TalkReport>
  close(): void
}

const password = admin.password
const patienceMs = 60_000

/** People who talk in rooms of one pool: some are everybody's, some secret; one's right comes and goes, one never has any. */
export async function openTalk(options: TalkOptions): Promise<Talk> {
  const { stage, frontEnds, users, postsPerSecond, random } = options
  const ask = () => random.pick(frontEnds)
  const { token } = await callUntil(ask, '', 'session.signIn', admin)
  await callUntil(ask, token, 'settings.update', { settings: { trustedNetworks: [options.network] } })
  const add = async (name: string) => {
    await callUntil(ask, token, 'principal.create', { kind: 'user', name, displayName: name, password })
    return name
  }
  const names = await Promise.all(Array.from({ length: users }, (_, n) => add(`user${n}@${domain}`)))
  const [victimName, stranger] = [await add(`victim@${domain}`), await add(`stranger@${domain}`)]
  const { category } = await callUntil(ask, token, 'category.create', {
    name: 'all',
    allowedMembers: [domain],
    fileUpload: true,
  })
  const addRoom = async (name: string, more: Partial<Input<'room.create'>>) =>
    (await callUntil(ask, token, 'room.create', { category: category.id, name, ...more })).room.id
  const open = [await addRoom('hall', { members: null }), await addRoom('corridor', { members: null })]
  const [evens, odds] = [names.filter((_, n) => n % 2 === 0), names.filter((_, n) => n % 2 === 1)]
  const board = await addRoom('board', { privacy: 'secret', members: [...evens, victimName] })
  const club = await addRoom('club', { privacy: 'secret', members: odds })
  const rooms = [...open, board, club]
  const speakers = names.map((name, number) =>
    openSpeaker({
      ...{ stage, name, password, number, frontEnd: frontEnds[number % frontEnds.length]! },
      ...{ rooms: [...open, number % 2 === 0 ? board : club], random: random.fork(name) },
    }),
  )
  const victim = openVictim({
    ...{ stage, frontEnds, name: victimName, password, room: board, token },
    random: random.fork('victim'),
  })
  await Promise.all([...speakers.map(one => one.ready()), victim.ready()])
  const strange = openStranger(stage, ask, stranger, [board, club])
  const paceMs = (1_000 * users) / postsPerSecond
  const talking = Promise.all([...speakers.map(one => one.talk(paceMs)), victim.run(), strange.run()])
  talking.catch(error => stage.fault(`The talk ended: ${(error as Error).message}`))

  async function finish(): Promise<TalkReport> {
    stage.stop()
    await Promise.race([
      talking,
      sleep(patienceMs, undefined, { ref: false }).then(() => stage.fault('Not all who post were answered.')),
    ])
    const kept = await Promise.all(rooms.map(room => readRoom(ask, speakers[room === club ? 1 : 0]!, room)))
    const reads = await readings(speakers, kept)
    stage.end()
    const tried = speakers.flatMap(one => one.tried)
    const { losses, answered } = victim
    for (const one of findPoolFaults({ tried, kept, reads, heard: stage.all, answered, losses, closings: [] }))
      stage.fault(one)
    for (const post of tried)
      if (post.acknowledged.length === 0) stage.fault(`post ${post.clientId} was never answered`)
    return {
      ...{ users, posts: tried.length, acknowledged: stage.count(), heard: stage.all.length },
      reconnected: speakers.reduce((sum, one) => sum + one.connected() - 1, 0),
      ...{ rightChanges: losses.length * 2, refusedStrangers: strange.refused() },
    }
  }
  const close = () => {
    stage.stop()
    stage.end()
    for (const one of [...speakers, victim]) one.close()
  }
  return { token, speakers, rooms, category: category.id, finish, close }
}

/** Until each has all of each of his rooms, or it is too late. */
async function readings(speakers: Speaker[], kept: KeptRoom[]) {
  const mine = speakers.flatMap(speaker =>
    kept.filter(({ room }) => speaker.rooms.includes(room)).map(({ room, lastSeq }) => ({ speaker, room, lastSeq })),
  )
  const deadline = Date.now() + patienceMs
  while (mine.some(({ speaker, room, lastSeq }) => speaker.read(room).length < lastSeq) && Date.now() < deadline)
    await sleep(50)
  return mine.map(({ speaker, room }) => ({ reader: speaker.name, room, messages: speaker.read(room) }))
}

/** All of it, as one who may read it finds it in the store. */
async function readRoom(ask: () => string, { name }: Speaker, room: string): Promise<KeptRoom> {
  const { token } = await callUntil(ask, '', 'session.signIn', { user: name, password })
  const messages: Kept[] = []
  for (;;) {
    const page = await callUntil(ask, token, 'message.list', { room, after: messages.at(-1)?.seq ?? 0, limit: 500 })
    messages.push(...(page.messages as Kept[]).map(({ seq, at, clientId, text }) => ({ seq, at, clientId, text })))
    if (page.messages.length === 0) return { room, lastSeq: page.lastSeq, messages }
  }
}

/** Somebody who knows the ids of secret rooms and nothing else: each way in is answered as if there were none. */
function openStranger(stage: Stage, ask: () => string, name: string, rooms: string[]) {
  const client = connect({ url: ask(), signIn: { user: name, password } })
  let refused = 0
  client.on('message.posted', ({ room, message }) => {
    if (rooms.includes(room)) stage.fault(`LEAK: a stranger heard ${message.seq} of room ${room}`)
  })
  return {
    refused: () => refused,
    async run() {
      while (!stage.stopping.aborted) {
        for (const room of rooms) {
          const code = await client.join(room).then(
            () => 'ok',
            error => String((error as { code?: string }).code),
          )
          if (code === 'not_found') refused += 1
          else if (!/^(unavailable|rate_limited)$/.test(code))
            stage.fault(`LEAK: a stranger was answered ${code} by room ${room}`)
        }
        await sleep(200)
      }
      client.close()
    },
  }
}
