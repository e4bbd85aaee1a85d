import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, createServer, type NetConnectOpts } from 'node:net'
import { fault, ok, type Seen, warning } from './doctor-check.ts'

export const answerMs = 4_000

/** Sends, and answers what comes first. */
export function converse(address: NetConnectOpts, words: string, isWhole: (text: string) => boolean): Promise<string> {
  return new Promise((done, reject) => {
    const socket = connect(address)
    let text = ''
    const end = (error?: Error) => {
      socket.destroy()
      if (error) reject(error)
      else done(text)
    }
    socket.setTimeout(answerMs, () => end(new Error(`no answer within ${answerMs / 1000} s`)))
    socket.on('error', end)
    socket.on('end', () => end())
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (isWhole(text) || text.length > 65_536) end()
    })
    socket.once('connect', () => words !== '' && socket.write(words))
  })
}

export const natsWanted = 'a NATS server that takes messages of 1 MB'

/** What a server of NATS says of itself before anybody asks; undefined where something else answers. */
export async function greetingOfNats(host: string, port: number): Promise<NatsGreeting | undefined> {
  const text = await converse({ host, port }, '', said => said.includes('\n'))
  return text.startsWith('INFO ') ? (JSON.parse(text.slice(5, text.indexOf('\n'))) as NatsGreeting) : undefined
}
export type NatsGreeting = {
  version?: string
  max_payload?: number
  cluster?: string
  tls_required?: boolean
  tls_available?: boolean
}

export function seeNats(info: NatsGreeting | undefined, mend: string): Seen {
  if (info === undefined) return fault('something else answers there', natsWanted, mend)
  const found = `nats-server ${info.version}${info.cluster ? `, cluster ${info.cluster}` : ''}, max_payload ${info.max_payload}`
  return (info.max_payload ?? 0) < 1_000_000
    ? warning(found, natsWanted, 'Leave max_payload at 1 MB; what is larger is found in the store, later.')
    : ok(found, natsWanted)
}

type Said = { status: number; ours: boolean; body: { status?: string; notes?: string[] } | undefined }

/** What a server of ours says of itself, where one listens. Whatever its certificate: that is another check. */
export function askReady({ host, port, tls }: { host: string; port: number; tls: boolean }): Promise<Said | undefined> {
  const name = /^(0\.0\.0\.0|::)$/.test(host) ? 'localhost' : host
  const request = tls ? httpsRequest : httpRequest
  return new Promise(resolve => {
    const asked = request(
      { host: name, port, path: '/readyz', rejectUnauthorized: false, timeout: 5_000 },
      response => {
        let text = ''
        response.setEncoding('utf8').on('data', chunk => {
          text = (text + chunk).slice(0, 10_000)
        })
        response.on('end', () => {
          let body: Said['body']
          try {
            body = JSON.parse(text)
          } catch {}
          const ours = typeof body?.status === 'string' && Array.isArray(body.notes)
          resolve({ status: ours ? (response.statusCode ?? 0) : 0, ours, body })
        })
      },
    )
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}

/** Listens for a moment, and for nobody. */
export function isTaken(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const server = createServer(socket => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
