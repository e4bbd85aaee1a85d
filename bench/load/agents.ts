import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { AgentOptions, AgentOrder, AgentOrders, AgentStatus } from './agent.ts'

/** The processes that hold the sessions of a run. */
export type Agents = {
  processes: number
  pids: number[]
  /** Told to all at once. */
  all<O extends AgentOrder>(order: O, input: AgentOrders[O]['in']): Promise<AgentOrders[O]['out'][]>
  one<O extends AgentOrder>(process: number, order: O, input: AgentOrders[O]['in']): Promise<AgentOrders[O]['out']>
  /** To each its own. */
  each<O extends AgentOrder>(
    order: O,
    input: (process: number) => AgentOrders[O]['in'],
  ): Promise<AgentOrders[O]['out'][]>
  /** Over all. */
  status(): Promise<AgentStatus>
  /** Sessions of each process. */
  sessions: number[]
  end(): Promise<void>
}

type Waiting = { resolve(out: never): void; reject(error: Error): void }
const file = fileURLToPath(new URL('agent.ts', import.meta.url))

export async function startAgents(
  processes: number,
  options: Omit<AgentOptions, 'process' | 'processes'>,
): Promise<Agents> {
  const children = Array.from({ length: processes }, () => openChild())
  const each: Agents['each'] = (order, input) =>
    Promise.all(children.map((child, process) => child.tell(order, input(process))))
  const begun = await each('begin', process => ({ ...options, process, processes }))
  return {
    processes,
    pids: children.map(child => child.pid),
    sessions: begun.map(({ sessions }) => sessions),
    all: (order, input) => each(order, () => input),
    one: (process, order, input) => children[process]!.tell(order, input),
    each,
    status: async () => sumStatus(await each('status', () => ({}))),
    async end() {
      await Promise.allSettled(children.map(child => child.tell('end', {})))
      for (const child of children) child.disconnect()
    },
  }
}

function openChild() {
  // Typed arrays travel as they are.
  const child: ChildProcess = fork(file, { serialization: 'advanced' })
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  child.on('message', ({ id, out, error }: { id: number; out: never; error?: string }) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) asked?.resolve(out)
    else asked?.reject(new Error(error))
  })
  let ended: Error | undefined
  child.once('exit', code => {
    ended = new Error(`A generator ended by itself (${code}).`)
    for (const { reject } of waiting.values()) reject(ended)
  })
  return {
    pid: child.pid ?? 0,
    tell<O extends AgentOrder>(order: O, input: AgentOrders[O]['in']): Promise<AgentOrders[O]['out']> {
      lastId += 1
      const id = lastId
      return new Promise((resolve, reject) => {
        if (ended) return reject(ended)
        waiting.set(id, { resolve, reject })
        child.send({ id, order, input })
      })
    },
    disconnect: () => {
      if (child.connected) child.disconnect()
    },
  }
}

function sumStatus(all: AgentStatus[]): AgentStatus {
  const sum = (pick: (status: AgentStatus) => number) => all.reduce((total, status) => total + pick(status), 0)
  return {
    in: sum(status => status.in),
    coming: sum(status => status.coming),
    deliveries: sum(status => status.deliveries),
    unsettled: sum(status => status.unsettled),
    posts: {
      sent: sum(({ posts }) => posts.sent),
      acknowledged: sum(({ posts }) => posts.acknowledged),
      refused: sum(({ posts }) => posts.refused),
      retried: sum(({ posts }) => posts.retried),
    },
  }
}
