import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openProxy } from './proxy.ts'
import { freePort, openStorePair, type StorePair } from './store-pair.ts'

async function openPair(): Promise<StorePair> {
  const pair = await openStorePair()
  onTestFinished(() => pair.close())
  await pair.query('a', 'CREATE TABLE kept (n integer)')
  return pair
}

const numbers = async (pair: StorePair) =>
  (await pair.query(pair.primary(), 'SELECT n FROM kept ORDER BY n')).map(row => row.n)

/** Resolves true when the statement is confirmed, false when its connection ends before. */
async function confirmed(pair: StorePair, which: 'a' | 'b', sql: string): Promise<boolean> {
  const client = new pg.Client({ host: '127.0.0.1', port: pair.ports[which], user: 'pchat', database: 'pchat' })
  client.on('error', () => {})
  await client.connect()
  return client.query(sql).then(
    () => true,
    () => false,
  )
}

test('[PF6] a primary whose stand-by no longer listens confirms nothing; the stand-by that takes over has all that was confirmed', async () => {
  const pair = await openPair()
  await pair.query('a', 'INSERT INTO kept VALUES (1)')
  // The old primary lives all the time and takes itself for the only one.
  const promotion = pair.promote()
  await sleep(1_500)
  let late: boolean | undefined
  const writing = confirmed(pair, 'a', 'INSERT INTO kept VALUES (2)').then(answer => {
    late = answer
  })
  await promotion
  expect(pair.primary()).toBe('b')
  await pair.query('b', 'INSERT INTO kept VALUES (3)')
  expect(late).toBeUndefined()
  expect(await numbers(pair)).toEqual([1, 3])
  await expect(pair.promote()).rejects.toThrow(/must not be promoted/)
  await pair.rejoin('rewind')
  await writing
  expect(late).toBe(false)
  expect(await numbers(pair)).toEqual([1, 3])
}, 60_000)

test.each([
  ['rewind', 'SIGKILL'],
  ['copy', 'SIGSTOP'],
] as const)(
  '[PF7] an old primary comes back by %s after %s as a stand-by that confirms again, and can take over',
  async (how, signal) => {
    const pair = await openPair()
    await pair.query('a', 'INSERT INTO kept VALUES (1)')
    await pair.signal('a', signal)
    await pair.promote()
    await pair.query('b', 'INSERT INTO kept VALUES (2)')
    await pair.rejoin(how)
    // With it away nothing is confirmed: it counts.
    await pair.signal('a', 'SIGKILL')
    let late: boolean | undefined
    const writing = confirmed(pair, 'b', 'INSERT INTO kept VALUES (3)').then(answer => {
      late = answer
    })
    await sleep(500)
    expect(late).toBeUndefined()
    await pair.restart('a')
    await writing
    expect(late).toBe(true)
    await pair.signal('b', 'SIGKILL')
    await pair.promote()
    expect(pair.primary()).toBe('a')
    expect(await numbers(pair)).toEqual([1, 2, 3])
  },
  60_000,
)

test('[PF8] a way that is cut refuses, one that is frozen keeps, and healed it passes what was held in order', async () => {
  const inside: Socket[] = []
  const server = createServer(socket => {
    inside.push(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(await freePort(), '127.0.0.1')
  await once(server, 'listening')
  const proxy = await openProxy((server.address() as { port: number }).port)
  onTestFinished(async () => {
    await proxy.close()
    for (const socket of inside) socket.destroy()
    server.close()
  })
  const open = async () => {
    const socket = connect(proxy.port, '127.0.0.1')
    const client = { socket, heard: '', ended: once(socket, 'close').catch(() => []) }
    socket.on('error', () => {})
    socket.on('data', data => {
      client.heard += data
    })
    await once(socket, 'connect')
    return client
  }
  const first = await open()
  first.socket.write('1')
  await expect.poll(() => first.heard).toBe('1')
  proxy.freeze()
  first.socket.write('2')
  first.socket.write('3')
  const second = await open()
  second.socket.write('a')
  await sleep(200)
  expect([first.heard, second.heard, inside.length]).toEqual(['1', '', 1])
  proxy.heal()
  await expect.poll(() => first.heard + second.heard).toBe('123a')
  proxy.cut()
  await Promise.all([first.ended, second.ended])
  const third = connect(proxy.port, '127.0.0.1')
  third.on('error', () => {})
  await new Promise(resolve => third.once('close', resolve))
  expect(proxy.connections()).toBe(0)
  proxy.heal()
  const fourth = await open()
  fourth.socket.write('b')
  await expect.poll(() => fourth.heard).toBe('b')
})

test('[PF9] what a killed run started ends with it, and its files go with the next one', async () => {
  const program = `
    const { openStorePair } = await import('${new URL('./store-pair.ts', import.meta.url)}')
    const pair = await openStorePair()
    const rows = await pair.query('b', "SELECT pg_backend_pid() AS pid, current_setting('data_directory') AS folder")
    console.log(JSON.stringify({ folder: rows[0].folder }))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  // That of both hosts: either may be the last to end, and writes until then.
  const folder = dirname((JSON.parse(said.toString()) as { folder: string }).folder)
  const isRunning = async () => {
    const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
    const texts = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
    return texts.some(text => text.includes(folder))
  }
  expect(await isRunning()).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'close')
  await expect.poll(isRunning, { timeout: 20_000 }).toBe(false)
  expect(existsSync(folder)).toBe(true)
  await (await openStorePair()).close()
  expect(existsSync(folder)).toBe(false)
}, 60_000)
