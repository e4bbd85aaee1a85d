import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, getCACertificates } from 'node:tls'
import { ExtendedRequest } from 'ldapts'
import { certificateFault, certificateWords } from '../base/certificate-fault.ts'
import { openWire, type Wire } from './ldap-wire.ts'

export type Reach = {
  /** Begin TLS on a connection that began without it. */
  startTls: boolean
  /** PEM text of the authorities that are trusted instead of the system's. */
  ca: string | undefined
  patienceMs: number
}

const startTlsOid = '1.3.6.1.4.1.1466.20037'

/** A connection to one server, its certificate checked. Rejects with what is wrong, as the end of a sentence about the server. */
export async function openSocket(url: string, reach: Reach): Promise<Wire> {
  const { host, port, secure } = placeOf(url)
  const plain = connect({ host, port, noDelay: true, keepAlive: true })
  await settled(plain, 'connect', reach.patienceMs)
  if (secure) return openWire(await withTls(plain, host, reach))
  if (!reach.startTls) return openWire(plain)
  const wire = openWire(plain)
  try {
    const { result } = await wire.ask(
      messageId => new ExtendedRequest({ messageId, oid: startTlsOid }),
      reach.patienceMs,
    )
    if (result.status !== 0) throw new Error(`does not begin TLS (${result.status} ${result.errorMessage})`)
    // What came in clear text is forgotten with the wire that read it.
    return openWire(await withTls(wire.release(), host, reach))
  } catch (error) {
    plain.destroy()
    throw asFault(error)
  }
}

/** Host, port and kind of an address of the configuration; throws where it is none. */
export function placeOf(url: string): { host: string; port: number; secure: boolean } {
  const parsed = URL.parse(url)
  if (!parsed || parsed.hostname === '')
    throw new Error(`${url} names no server. Write it like ldaps://dc1.example.com.`)
  const { hostname, port, protocol } = parsed
  const secure = protocol === 'ldaps:'
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (secure ? 636 : 389) : Number(port), secure }
}

/** Whether what is said to that host never leaves this machine. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

async function withTls(socket: Socket, host: string, { ca, patienceMs }: Reach): Promise<Socket> {
  const secured = connectTls({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ca: ca ?? [...getCACertificates('default'), ...getCACertificates('system')],
    minVersion: 'TLSv1.2',
    // Said here, so that no variable of the environment turns it off.
    rejectUnauthorized: true,
  })
  await settled(secured, 'secureConnect', patienceMs)
  return secured
}

function settled(socket: Socket, event: 'connect' | 'secureConnect', patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer)
      socket.off(event, ready)
      socket.off('close', closed)
      // Its late errors are of no interest any more.
      if (error) socket.on('error', () => {})
      socket.off('error', settle)
      if (!error) return resolve()
      socket.destroy()
      reject(asFault(error))
    }
    const ready = () => settle()
    const closed = () => settle(new Error('hangs up'))
    const timer = setTimeout(
      () => settle(new Error(`does not answer within ${Math.round(patienceMs / 100) / 10} s`)),
      patienceMs,
    )
    socket.once(event, ready)
    socket.once('close', closed)
    socket.once('error', settle)
  })
}

function asFault(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) return error as Error
  if (code === 'ECONNREFUSED') return new Error('takes no connections')
  if (code === 'ECONNRESET' || code === 'EPIPE') return new Error('hangs up')
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new Error('has no address: its name is not known')
  const words = certificateWords(code)
  if (words) return new Error(certificateFault(code) === 'authority' ? `${words}; name it in ca` : words)
  return new Error(`cannot be reached (${code}: ${message})`)
}
