import { request } from 'node:http'

type Refused = { status: number; body: { error: { code: string; message: string } } }

/** Asks for a WebSocket where none is given. */
export function openRawUpgrade(url: string, headers: Record<string, string> = {}): Promise<Refused> {
  const asked = {
    ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
    ...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol': 'pchat.v1' },
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/ws`, { headers: { ...asked, ...headers } }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }))
    })
    sent.on('upgrade', (_answer, socket) => {
      socket.destroy()
      reject(new Error('it was given'))
    })
    sent.on('error', reject)
    sent.end()
  })
}
