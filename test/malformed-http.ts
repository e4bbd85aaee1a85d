import { errorCodes, type WireError } from '../src/protocol/error.ts'
import { badHttp, badTexts, sendRaw } from './malformed-frames.ts'
import { badInput } from './malformed-input.ts'
import { inParallel, judge, type Run, shown } from './malformed-judge.ts'

const batch = 40

/** Verbs with inputs that are none of theirs, and bodies that are no JSON, over HTTP. */
export async function overHttp(run: Run): Promise<number> {
  for (let n = 0; n < batch; n += 1) {
    const { verb, input } = badInput(run.inputs, run.random)
    const answer = await postBody(run, verb, JSON.stringify(input))
    judge(run, `HTTP ${verb} ${shown(input)}`, answer, ['invalid_argument'])
  }
  const bodies = strangeBodies(run)
  for (const { name, body, headers, codes } of bodies) {
    const answer = await postBody(run, run.random.pick(['room.find', 'settings.get', 'category.list']), body, headers)
    judge(run, `HTTP body: ${name}`, answer, codes ?? ['invalid_argument'])
  }
  return batch + bodies.length
}

type Body = { name: string; body: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string>; codes?: string[] }

function strangeBodies({ random }: Run): Body[] {
  const json = 'application/json'
  const bytes = (...parts: (string | number[])[]) =>
    new Uint8Array(Buffer.concat(parts.map(part => Buffer.from(part as string))))
  return [
    ...badTexts(random)
      .filter(text => !/^\{"|^\{\}$|^$/.test(text))
      .map(body => ({ name: shown(body), body })),
    { name: 'over 1 MiB', body: `{"text":"${'x'.repeat(1_100_000)}"}`, codes: ['too_large'] },
    { name: '1 MiB of brackets', body: '['.repeat(1_000_000) },
    { name: 'invalid UTF-8', body: bytes('{"text":"', [0xff, 0xfe], '"}') },
    { name: 'a surrogate in UTF-8', body: bytes('{"text":"', [0xed, 0xa0, 0x80], '"}') },
    { name: 'UTF-16', body: new Uint8Array(Buffer.from('{"text":"x"}', 'utf16le')) },
    { name: 'text/plain', body: '{}', headers: { 'content-type': 'text/plain' } },
    { name: 'a form', body: 'text=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    {
      name: 'multipart',
      body: '--x\r\n\r\n{}\r\n--x--',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    },
    { name: 'a type of nonsense', body: '{}', headers: { 'content-type': ';;;/=' } },
    { name: 'a type of 5 KB', body: '{}', headers: { 'content-type': `application/${'x'.repeat(5_000)}` } },
    { name: 'xml', body: '<x/>', headers: { 'content-type': 'application/xml' } },
    { name: 'not unzipped', body: 'x', headers: { 'content-type': json, 'content-encoding': 'gzip' } },
    { name: 'no token', body: '{}', headers: { authorization: '' }, codes: ['unauthenticated'] },
    {
      name: 'a wrong token',
      body: '{}',
      headers: { authorization: `Bearer ${'x'.repeat(3_000)}` },
      codes: ['unauthenticated'],
    },
    { name: 'a wrong scheme', body: '{}', headers: { authorization: 'Basic Og==' }, codes: ['unauthenticated'] },
  ]
}

async function postBody(
  run: Run,
  verb: string,
  body: Body['body'],
  headers: Record<string, string> = {},
): Promise<WireError | undefined> {
  const response = await fetch(`${run.target.url}/api/v1/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${run.target.administrator}`, ...headers },
    body,
  }).catch((error: Error) => {
    // A server that refuses a large body by its length does not read it, and the sender may find the pipe broken before the answer.
    if (body.length <= 1024 * 1024) run.fault(`HTTP ${verb}: ${error.message} ${error.cause ?? ''}`)
  })
  if (!response) return { code: 'too_large', message: 'the connection ended' }
  const text = await response.text()
  try {
    const { error } = JSON.parse(text) as { error?: WireError }
    if (error && errorCodes[error.code]?.status !== response.status)
      run.fault(`HTTP ${verb}: ${error.code} came with status ${response.status}`)
    return error
  } catch {
    run.fault(`HTTP ${verb}: ${response.status} with ${text.slice(0, 100)}`)
    return { code: 'internal', message: text }
  }
}

/** Requests that are no HTTP. */
export async function sendHttp(run: Run): Promise<number> {
  const requests = badHttp(run.target.administrator, run.random)
  await inParallel(requests, async ({ name, chunks, ends }) => {
    const { status, texts } = await sendRaw(run.target.url, chunks, ends)
    run.note(`status ${status}`)
    // 501 and 505 are what HTTP has for methods and versions that nobody knows.
    if (status !== undefined && (status < 400 || (status >= 500 && status !== 501 && status !== 505)))
      run.fault(`${name}: status ${status} ${texts.join(' ').slice(0, 200)}`)
    if (status === undefined && ends !== false && !/junk|TLS|CONNECT|HTTP/.test(name)) run.fault(`${name}: no answer`)
  })
  return requests.length
}
