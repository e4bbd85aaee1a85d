import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Timed } from './figures.ts'
import { progress } from './figures.ts'
import type { Order, Orders } from './generator.ts'
import { cpuSeconds } from './proc.ts'

/** Processes that hold the sessions of one measurement. The last one has the last session. */
export type Generators = {
  /** Told to all at once. */
  all<O extends Order>(order: O, input: Orders[O]['in']): Promise<Orders[O]['out'][]>
  last<O extends Order>(order: O, input: Orders[O]['in']): Promise<Orders[O]['out']>
  /** `count` sessions in all, of the users from `first` on. */
  open(port: number, count: number, first?: number): Promise<Timed>
  /** The last one after all others. */
  join(room: number): Promise<Timed>
  /** Seconds of CPU so far. */
  cpu(): number
  end(): Promise<void>
}

const file = fileURLToPath(new URL('generator.ts', import.meta.url))

export function startGenerators(processes: number): Generators {
  const children = Array.from({ length: processes }, () => fork(file))
  const last = children.at(-1)!
  return {
    all: (order, input) => Promise.all(children.map(child => tell(child, order, input))),
    last: (order, input) => tell(last, order, input),
    open: async (port, count, first = 0) => {
      const share = Math.ceil(count / processes)
      const opened = children.map((child, index) => {
        const from = index * share
        // A source address each: 28,000 ports are not enough for all.
        return tell(child, 'open', {
          port,
          localAddress: `127.0.0.${2 + index}`,
          from: first + from,
          count: Math.min(share, count - from),
        })
      })
      const all = together(await Promise.all(opened))
      progress(`${count} sessions are open`)
      return all
    },
    join: async room => {
      const others = await Promise.all(children.slice(0, -1).map(child => tell(child, 'join', { room })))
      const all = together([...others, await tell(last, 'join', { room })])
      progress('all are in the room')
      return all
    },
    cpu: () => children.reduce((sum, child) => sum + cpuSeconds(child.pid ?? 0), 0),
    end: async () => {
      await Promise.all(children.map(child => tell(child, 'close', {})))
      for (const child of children) child.disconnect()
    },
  }
}

export function together(parts: Timed[]): Timed {
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    ms: Math.max(...parts.map(part => part.ms)),
    each: parts.flatMap(part => part.each),
  }
}

function tell<O extends Order>(child: ChildProcess, order: O, input: Orders[O]['in']): Promise<Orders[O]['out']> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`A generator ended during ${order}.`))
    child.once('exit', onExit)
    child.once('message', ({ out, error }: { out: Orders[O]['out']; error?: string }) => {
      child.off('exit', onExit)
      if (error === undefined) resolve(out)
      else reject(new Error(`${order}: ${error}`))
    })
    child.send({ order, input })
  })
}
