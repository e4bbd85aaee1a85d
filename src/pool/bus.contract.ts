import { afterEach, describe, expect, test } from 'vitest'
import type { Bus, BusMessage, Subject } from './bus.ts'

/** A pool of servers for the suite: `open` answers one more bus of it, `settled` waits until what was published has arrived. */
export type BusPool = { open(): Promise<Bus>; settled(): Promise<void>; close(): Promise<void> }

const message = (version: number, frame?: Uint8Array): BusMessage => ({
  head: { kind: 'directory', version },
  ...(frame ? { frame } : {}),
})
const versions = (heard: BusMessage[]) => heard.map(({ head }) => (head.kind === 'directory' ? head.version : -1))

/** What every bus does, whatever carries it. */
export function busContract(name: string, openPool: () => Promise<BusPool>): void {
  describe(`a bus: ${name}`, () => {
    let pool: BusPool | undefined
    afterEach(async () => {
      await pool?.close()
      pool = undefined
    })

    async function openBus(): Promise<Bus> {
      pool ??= await openPool()
      return pool.open()
    }
    function listen(bus: Bus, subject: Subject) {
      const heard: BusMessage[] = []
      return { heard, end: bus.subscribe(subject, one => void heard.push(one)) }
    }

    test('[LV12] what is published on a subject reaches every subscriber of it, the publisher’s own server too, in order', async () => {
      const bus = await openBus()
      const [first, second] = [listen(bus, 'pool'), listen(bus, 'pool')]
      await pool!.settled()
      for (let version = 1; version <= 50; version += 1) bus.publish('pool', message(version))
      await pool!.settled()
      const expected = Array.from({ length: 50 }, (_, i) => i + 1)
      expect(versions(first.heard)).toEqual(expected)
      expect(versions(second.heard)).toEqual(expected)
    })

    test('[LV12] subjects are apart', async () => {
      const bus = await openBus()
      const [one, other, user] = [listen(bus, 'room.1'), listen(bus, 'room.12'), listen(bus, 'user.1')]
      await pool!.settled()
      bus.publish('room.1', message(1))
      bus.publish('user.1', message(2))
      bus.publish('room.nobody', message(3))
      await pool!.settled()
      expect([one, other, user].map(({ heard }) => versions(heard))).toEqual([[1], [], [2]])
    })

    test('[LV12] a frame arrives byte for byte, and a message without one has none', async () => {
      const bus = await openBus()
      const { heard } = listen(bus, 'room.1')
      await pool!.settled()
      const frame = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256)
      bus.publish('room.1', message(1, frame))
      bus.publish('room.1', message(2))
      await pool!.settled()
      expect(Buffer.from(heard[0]!.frame!).equals(Buffer.from(frame))).toBe(true)
      expect(heard[1]!.frame).toBeUndefined()
      expect(heard[1]!.head).toEqual(message(2).head)
    })

    test('[LV13] whoever unsubscribed hears no more, the others go on; ending twice is harmless', async () => {
      const bus = await openBus()
      const [one, other] = [listen(bus, 'pool'), listen(bus, 'pool')]
      await pool!.settled()
      bus.publish('pool', message(1))
      await pool!.settled()
      one.end()
      one.end()
      bus.publish('pool', message(2))
      await pool!.settled()
      other.end()
      const late = listen(bus, 'pool')
      await pool!.settled()
      bus.publish('pool', message(3))
      await pool!.settled()
      expect([one, other, late].map(({ heard }) => versions(heard))).toEqual([[1], [1, 2], [3]])
    })

    test('[LV13] one may subscribe and unsubscribe while hearing', async () => {
      const bus = await openBus()
      const heard: number[] = []
      const end = bus.subscribe('pool', ({ head }) => {
        if (head.kind !== 'directory') return
        heard.push(head.version)
        end()
        bus.subscribe('room.1', () => {})()
      })
      await pool!.settled()
      bus.publish('pool', message(1))
      await pool!.settled()
      bus.publish('pool', message(2))
      await pool!.settled()
      expect(heard).toEqual([1])
    })

    test('[LV13] a closed bus is silent', async () => {
      const bus = await openBus()
      const { heard } = listen(bus, 'pool')
      await pool!.settled()
      await bus.close()
      bus.publish('pool', message(1))
      await pool!.settled()
      expect(heard).toEqual([])
    })
  })
}
