import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import type { Log } from '../src/base/log.ts'
import type { Db } from '../src/store/db.ts'
import { publishTopology, readPublication } from '../src/topology/central.ts'
import { type Change, type Effect, type Following, followCentral } from '../src/topology/central-follow.ts'
import { openCentral } from '../src/topology/central-place.ts'
import { migrateCentral } from '../src/topology/central-schema.ts'
import { type Replica, readReplica } from '../src/topology/replica.ts'
import { openEmptyDatabase, type TestDatabase } from './database.ts'

/** A Central Management Store with who follows it, by a replica in a folder of its own. */
export type Bench = {
  central: TestDatabase
  folder: string
  file: string
  lines: { level: string; text: string; context: object }[]
  changes: Change[]
  open: { db: Db; following?: Following }[]
  publish(document: string, db?: Db): Promise<void>
  follow(
    more?: Partial<Parameters<typeof followCentral>[0]>,
    address?: Parameters<typeof openCentral>[0],
  ): Promise<Following>
  kept(): Promise<Replica>
  said(level: string): string[]
  close(): Promise<void>
}

export const nowhere = { host: '/nonexistent', user: 'pchat', database: 'nowhere' }
export const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 30 })

/** A document says `port: n` and `name: x`: another name is followed, another port wants a restart, a `gone` server has no place. */
export function tell(before: string, after: string): Effect | { gone: string } {
  const [one, other] = [before, after].map(text => {
    const [, port, name] = /^port: (\d+)\nname: (\w+)\n$/.exec(text) ?? []
    if (name === undefined) throw new Error('no such option')
    return { port, name }
  })
  if (other!.name === 'gone') return { gone: 'it is not in it.' }
  return {
    followed: one!.name === other!.name ? [] : [`name is ${other!.name}`],
    restart: one!.port === other!.port ? [] : [`port is ${other!.port}`],
  }
}
export const text = (name: string, port = 1) => `port: ${port}\nname: ${name}\n`

export async function openBench(): Promise<Bench> {
  const [central, folder] = await Promise.all([openEmptyDatabase(), mkdtemp(join(tmpdir(), 'pchat-follow-'))])
  const file = join(folder, 'topology-replica.json')
  await migrateCentral(central.db)
  const lines: Bench['lines'] = []
  const changes: Change[] = []
  const open: Bench['open'] = []
  const log = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map(level => [
      level,
      (context: object, words: string) => void lines.push({ level, text: words, context }),
    ]),
  ) as Log
  return {
    ...{ central, folder, file, lines, changes, open },
    async publish(document, db = central.db) {
      const version = (await readPublication(db))?.version ?? 0
      await publishTopology(db, { document, author: 'ann@desk', note: '' }, { version }, { errors: [], advice: [] })
    },
    async follow(more = {}, address = central.address) {
      const one: (typeof open)[number] = { db: openCentral(address) }
      open.push(one)
      one.following = await followCentral({
        ...{ db: one.db, replica: file, tell, log, onChange: change => void changes.push(change) },
        ...{ lookMs: 60_000, ...more },
      })
      return one.following
    },
    kept: async () => (await readReplica(file)) as Replica,
    said: level => lines.filter(line => line.level === level).map(line => line.text),
    async close() {
      for (const { db, following } of open) {
        await following?.stop()
        await db.end()
      }
      await central.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Passes bytes on until it is told to swallow them: both ends then believe that they are connected. */
export async function openSwallower(socketFolder: string) {
  const sockets = new Set<Socket>()
  const state = { swallows: false }
  const server: Server = createServer(client => {
    const upstream = openSocket(join(socketFolder, '.s.PGSQL.5432'))
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', chunk => state.swallows || to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    state,
    port,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
