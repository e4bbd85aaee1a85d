import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { ROOM, RoomModel } from '../../test/room-model.ts'
import type { Event } from '../protocol/event.ts'
import { createHear } from './hear.ts'
import { History, type Request } from './history.ts'
import { missing } from './room-state.ts'
import { Rooms } from './rooms.ts'

/** A client's view of one room with the network taken out: requests are answered by the model, some turns later. */
function openView(model: RoomModel, keep: number) {
  const told: number[] = []
  const ask = async (verb: string, input: never) => {
    const answer = verb === 'message.list' ? model.list(input) : model.sync(input)
    for (let turn = 0; turn < 3; turn += 1) await Promise.resolve()
    return answer
  }
  const request = ask as Request
  const rooms = new Rooms({
    posted: (_room, message) => told.push(message.seq),
    changed: () => {},
    missed: room => void history.fillMissing(room),
    keep,
  })
  const history = new History(rooms, request, () => 0, new AbortController().signal)
  const hear = createHear({ rooms, history, request, stale: () => {}, catchUp: 'all' })
  const sync = () => {
    const input = { epoch: rooms.epoch, rooms: rooms.known() } as Parameters<RoomModel['sync']>[0]
    hear.answer({ verb: 'session.sync', input, result: model.sync(input) })
  }
  return { rooms, history, hear, sync, told }
}

type Step =
  | { do: 'post' | 'lose' | 'double' | 'sync' | 'turn'; seq: number }
  | { do: 'remove' | 'replace' | 'removeRange' | 'clear' | 'away'; seq: number }

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('post' as const, 'post' as const, 'lose' as const, 'double' as const) },
    { weight: 2, arbitrary: fc.constantFrom('turn' as const, 'sync' as const) },
    {
      weight: 3,
      arbitrary: fc.constantFrom('remove' as const, 'replace' as const, 'removeRange' as const, 'away' as const),
    },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  ),
  seq: fc.nat(40),
})

type View = ReturnType<typeof openView>

async function take(model: RoomModel, view: View, { do: what, seq }: Step): Promise<void> {
  const hear = (event: Event | undefined) => event && view.hear.event(event)
  if (what === 'post') hear(model.post())
  if (what === 'lose') model.post()
  if (what === 'double')
    hear(hear(model.post()) ?? ({ event: 'message.posted', room: ROOM, message: model.messages.at(-1)! } as Event))
  if (what === 'remove') hear(model.remove(seq))
  if (what === 'replace') hear(model.remove(seq, 'replaced'))
  if (what === 'removeRange') hear(model.removeRange(seq, Math.min(seq + 25, model.lastSeq)))
  if (what === 'clear') hear(model.clear(seq))
  if (what === 'sync') view.sync()
  if (what === 'turn') for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  if (what === 'away') away(model, view, seq)
}

/** All that happens in one absence is learned by one sync. */
function away(model: RoomModel, view: View, seq: number): void {
  for (let count = seq % 9; count > 0; count -= 1) model.post()
  for (let count = seq % 5; count > 0; count -= 1) model.remove(seq + count)
  view.sync()
}

/** Until no listener waits for a hole to be filled. */
async function settle(view: View): Promise<void> {
  await vi.waitFor(() => expect(missing(view.rooms.mustGet(ROOM))).toEqual([]), { timeout: 5000, interval: 1 })
}

test("[CL2] a client's copy equals the server's room after lost and doubled events, removals, clears and absences", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(8), async (steps, before) => {
      const model = new RoomModel()
      for (let count = before; count > 0; count -= 1) model.post()
      const view = openView(model, 1000)
      view.hear.answer({ verb: 'room.join', input: { room: ROOM, history: 3 }, result: model.join(3) })
      for (const each of steps) await take(model, view, each)
      view.hear.event(model.post())
      await settle(view)
      await view.history.fill(ROOM, { from: 0, through: model.lastSeq })
      expect(view.rooms.get(ROOM)).toMatchObject({
        messages: model.visible,
        firstSeq: model.firstSeq,
        lastSeq: model.lastSeq,
        revision: model.revision,
        unread: model.lastSeq - (model.firstSeq - 1),
      })
    }),
  )
})

test('[CL3] message.posted is told once a message and in order, whether it came live, by sync or into a filled hole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(8), async (steps, before) => {
      const model = new RoomModel()
      for (let count = before; count > 0; count -= 1) model.post()
      const view = openView(model, 5)
      view.hear.answer({ verb: 'room.join', input: { room: ROOM, history: 3 }, result: model.join(3) })
      for (const each of steps) await take(model, view, each)
      view.hear.event(model.post())
      await settle(view)
      expect(view.told).toEqual([...new Set(view.told)].sort((a, b) => a - b))
      const alwaysThere = model.visible.filter(({ seq }) => seq > before).filter(message => !('removed' in message))
      expect(view.told).toEqual(expect.arrayContaining(alwaysThere.map(({ seq }) => seq)))
    }),
  )
})
