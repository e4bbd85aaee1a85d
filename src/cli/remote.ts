import { readFile } from 'node:fs/promises'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { InvalidArgumentError } from 'commander'
import { certificateFault } from '../base/certificate-fault.ts'
import { isInTheClear } from '../client/addresses.ts'
import type { WireError } from '../protocol/error.ts'

/** A server that pchat asks over HTTP, and how it is trusted. */
export type Remote = { server: string; ca?: string | undefined; token?: string | undefined }

/** Nobody answered, or the server is starting anew: the same again may do. */
export class Passing extends Error {}
/** The server's own no, with what it said of it. */
export class Refused extends Error {
  readonly status: number
  readonly wire: WireError | undefined
  constructor(status: number, message: string, wire?: WireError) {
    super(message)
    this.status = status
    this.wire = wire
  }
}

const patienceMs = 15_000
/** Nothing that a server answers is as long; something else on that port may go on for ever. */
const maxAnswerBytes = 256 * 1024 * 1024

/** Posts JSON and answers what came back. Throws Passing or Refused. */
export async function post<Result>(
  remote: Remote,
  path: string,
  body: object,
  timeoutMs = patienceMs,
): Promise<Result> {
  const { server } = remote
  const { status, text } = await send(remote, path, JSON.stringify(body), timeoutMs).catch((error: Error) => {
    throw new Passing(`${server} does not answer (${explain(error)}).`)
  })
  const value = readJson(text) as (Result & { error?: WireError }) | undefined
  if (status >= 200 && status < 300 && value !== undefined) return value
  const message = value?.error?.message ?? `${server} answered ${status}. Is it a Persistent Chat Server?`
  throw status === 429 || status >= 500
    ? new Passing(message, { cause: value?.error })
    : new Refused(status, message, value?.error)
}

function send({ server, ca, token }: Remote, path: string, body: string, timeoutMs: number) {
  const url = new URL(path, server)
  const options = {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    signal: AbortSignal.timeout(timeoutMs),
  }
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const take = (answer: IncomingMessage) =>
      readText(answer).then(text => resolve({ status: answer.statusCode ?? 0, text }), reject)
    const asked =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, ...(ca === undefined ? {} : { ca }) }, take)
        : requestHttp(url, options, take)
    asked.on('error', reject)
    asked.end(body)
  })
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw new Error('its answer does not end')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function explain(error: Error & { code?: string }): string {
  if (error.name === 'TimeoutError') return 'no answer in time'
  if (certificateFault(error.code) === 'authority')
    return `its certificate is of an authority that this machine does not know; name its file with --ca-file`
  return error.message || error.code || 'no reason given'
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Without a slash at its end, so that one server is one key. Neither token nor password travels in the clear, but on this machine. */
export function readServer(text: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('Give an address such as https://chat.example.com.')
  if (isInTheClear(text))
    throw new InvalidArgumentError(
      'Without TLS tokens and passwords could be read on their way. Give an address with https://.',
    )
  return url.origin
}

/** The certificates of a private authority, PEM. */
export async function readAuthority(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--ca-file ${file} cannot be read (${error.code}).`)
  })
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error(
      `--ca-file ${file} holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----.`,
    )
  return text
}
