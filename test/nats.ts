import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { readTools } from './tools.ts'

export type Nats = { url: string; port: number; stop(): Promise<void>; start(...args: string[]): Promise<void> }

/** A real nats-server on a free port of this machine, which can be stopped and started again at the same address. */
export async function openNats(): Promise<Nats> {
  const { natsServer } = await readTools()
  const port = 20_000 + Math.floor(Math.random() * 12_000)
  let child: ReturnType<typeof spawn> | undefined
  const nats: Nats = {
    url: `nats://127.0.0.1:${port}`,
    port,
    async start(...args) {
      child = spawn(natsServer, ['-a', '127.0.0.1', '-p', String(port), ...args], { stdio: 'ignore' })
      for (let tries = 0; tries < 100; tries += 1) {
        if (await answers(port)) return
        await new Promise(resolve => setTimeout(resolve, 50))
      }
      throw new Error('nats-server does not answer')
    },
    async stop() {
      const ending = child
      child = undefined
      if (!ending || ending.exitCode !== null) return
      const ended = once(ending, 'exit')
      ending.kill('SIGKILL')
      await ended
    },
  }
  await nats.start()
  return nats
}

/** Whether a nats-server greets there. */
export function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connectSocket(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
