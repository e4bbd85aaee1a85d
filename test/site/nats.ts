import { mkdir, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pair } from '../authority.ts'
import type { Machine } from './machine.ts'

export type NatsServer = { machine: Machine; start(): Promise<void>; stop(): Promise<void> }

const folder = '/etc/nats'
const port = 4222

/** NATS on a machine of its own, which speaks to nobody who does not encrypt, nor without a password. */
export async function startNats(machine: Machine, program: string, tls: Pair, password: string): Promise<NatsServer> {
  await mkdir(machine.path(folder), { recursive: true })
  const config = `listen: ${machine.address}:${port}
pid_file: /run/nats.pid
tls { cert_file: ${folder}/server.pem, key_file: ${folder}/server.key }
authorization { user: pchat, password: "${password}" }
`
  const files = { 'server.pem': tls.cert, 'server.key': tls.key, 'nats.conf': config }
  for (const [name, text] of Object.entries(files))
    await writeFile(machine.path(`${folder}/${name}`), text, { mode: 0o600 })
  const server: NatsServer = {
    machine,
    async start() {
      const command = `setsid '${program}' -c ${folder}/nats.conf >> /var/log/nats.log 2>&1 < /dev/null & sleep 0.1`
      await machine.must(['bash', '-c', command])
      for (let tries = 0; !(await listens(machine)); tries += 1) {
        if (tries > 100) throw new Error('NATS does not answer')
        await sleep(100)
      }
    },
    stop: async () => void (await machine.must(['bash', '-c', 'kill -KILL "$(cat /run/nats.pid)"'])),
  }
  await server.start()
  return server
}

async function listens(machine: Machine): Promise<boolean> {
  const probe = `exec 3<> /dev/tcp/${machine.address}/${port} && head -c 4 <&3`
  return (await machine.run(['timeout', '2', 'bash', '-c', probe])).out.startsWith('INFO')
}
