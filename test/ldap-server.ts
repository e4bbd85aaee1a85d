import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Attribute, Change, Client } from 'ldapts'
import type { Authority, Pair } from './authority.ts'

export type Values = Record<string, string | string[] | Buffer>

/** What tests do to a directory, as its administrator. */
export type Hand = {
  client(): Promise<Client>
  add(dn: string, values: Values): Promise<void>
  /** Replaces values; an empty list removes the attribute. */
  change(dn: string, values: Values): Promise<void>
  addValues(dn: string, attribute: string, values: string[]): Promise<void>
  removeValues(dn: string, attribute: string, values: string[]): Promise<void>
  /** To a new name, which may lie elsewhere. */
  move(dn: string, to: string): Promise<void>
  remove(dn: string): Promise<void>
  close(): Promise<void>
}

export function openHand(url: string, ca: string, dn: string, password: string): Hand {
  let open: Client | undefined

  async function client() {
    if (open?.isConnected) return open
    open = new Client({ url, tlsOptions: { ca }, timeout: 20_000, connectTimeout: 5_000 })
    await open.bind(dn, password)
    return open
  }

  async function modify(entry: string, operation: 'add' | 'delete' | 'replace', values: Values) {
    const changes = attributesOf(values).map(modification => new Change({ operation, modification }))
    await (await client()).modify(entry, changes)
  }

  return {
    client,
    add: async (entry, values) => (await client()).add(entry, attributesOf(values)),
    change: (entry, values) => modify(entry, 'replace', values),
    addValues: (entry, attribute, values) => modify(entry, 'add', { [attribute]: values }),
    removeValues: (entry, attribute, values) => modify(entry, 'delete', { [attribute]: values }),
    move: async (entry, to) => (await client()).modifyDN(entry, to),
    remove: async entry => (await client()).del(entry),
    async close() {
      await open?.unbind().catch(() => {})
      open = undefined
    },
  }
}

function attributesOf(values: Values): Attribute[] {
  return Object.entries(values).map(([type, value]) =>
    Buffer.isBuffer(value)
      ? new Attribute({ type, values: [value] })
      : new Attribute({ type, values: Array.isArray(value) ? value : [value] }),
  )
}

/** Files for a server's TLS in its folder; the key is for its owner alone. */
export async function writePair(folder: string, authority: Authority, pair: Pair): Promise<void> {
  await writeFile(join(folder, 'ca.pem'), authority.cert)
  await writeFile(join(folder, 'cert.pem'), pair.cert)
  await writeFile(join(folder, 'key.pem'), pair.key, { mode: 0o600 })
}

export type Program = { pid: number; kill(): Promise<void>; signal(name: 'SIGSTOP' | 'SIGCONT'): void }

/**
 * Starts a server that ends with this process at the latest, and waits until it takes connections at all its ports, and keeps them
 * for `holdMs` where something stands before it that takes them by itself.
 */
export async function startServer(
  command: string,
  args: string[],
  host: string,
  ports: number[],
  holdMs = 0,
): Promise<Program> {
  // What dies with its parent cannot be left behind by a killed run.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', data => {
    said = `${said}${data}`.slice(-4_000)
  })
  const kill = () => killChild(child)
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${command} ended at once: ${said}`)
    if ((await Promise.all(ports.map(port => accepts(host, port, holdMs)))).every(Boolean))
      return { pid: child.pid!, kill, signal: name => void child.kill(name) }
    await sleep(50)
  }
  await kill()
  throw new Error(`${command} does not listen at ${host}: ${said}`)
}

async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

function accepts(host: string, port: number, holdMs: number): Promise<boolean> {
  return new Promise(resolve => {
    const settle = (taken: boolean) => {
      socket.destroy()
      resolve(taken)
    }
    const socket = connect(port, host, () => setTimeout(settle, holdMs, true))
    socket.once('error', () => settle(false)).once('close', () => settle(false))
  })
}
