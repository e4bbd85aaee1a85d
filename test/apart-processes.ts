import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openTestDatabase, type TestDatabase } from './database.ts'
import { makeFolder } from './folder.ts'
import { password } from './harness.ts'
import { openNats } from './nats.ts'
import { type Pchat, runPchat } from './pchat.ts'

export const admin = 'admin@example.com'
/** What is started here ends with this process, also where this one is killed. */
const prefix = ['/usr/bin/setpriv', '--pdeathsig', 'KILL']

export type Part = { process: Pchat; url: string; kill(): Promise<void> }
export type ApartProcesses = {
  database: TestDatabase
  /** At an address of this machine: on each a host of its own for cookies and pages. */
  frontEnd(name: string, host?: string, more?: string[]): Promise<Part>
  chat(name: string, host: string, more?: string[]): Promise<Part>
  stop(): Promise<void>
}

/** A store, NATS and a file store, and the processes of a pool as an operator starts them. */
export async function openApartProcesses(): Promise<ApartProcesses> {
  const [folder, database, nats] = await Promise.all([makeFolder('pchat-apart'), openTestDatabase(), openNats()])
  const { host, user, database: name } = database.address
  const databaseUrl = `postgres://${user}@${encodeURIComponent(host)}/${name}`
  const started: Part[] = []

  async function start(role: string, server: string, at: string, more: string[]): Promise<Part> {
    const env = { PCHAT_ADMIN_USER: admin, PCHAT_ADMIN_PASSWORD: password, PCHAT_LOG_LEVEL: 'warn' }
    const where = ['--port', '0', '--host', at, '--data-dir', join(folder, server), '--database-url', databaseUrl]
    const pool = ['--nats-url', nats.url, '--server', server, '--pool', name]
    const child = runPchat(['start', '--role', role, ...where, ...pool, ...more], { env, prefix })
    const part: Part = {
      process: child,
      url: '',
      async kill() {
        child.kill('SIGKILL')
        await child.ended
      },
    }
    started.push(part)
    part.url = await child.ready()
    return part
  }

  return {
    database,
    frontEnd: (server, at = 'localhost', more = []) =>
      start('front-end', server, at, ['--file-store', join(folder, 'files'), ...more]),
    chat: (server, at, more = []) => start('persistent-chat', server, at, more),
    async stop() {
      await Promise.all(started.map(part => part.kill()))
      await nats.stop()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
