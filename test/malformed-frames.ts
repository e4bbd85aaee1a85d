import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { Random } from './random.ts'

/** What came back over a raw connection: the status line's number, the close code of a WebSocket, what else was said. */
export type Outcome = { status: number | undefined; close: number | undefined; texts: string[] }

/** How long an answer is waited for where the connection may rightly stay open. */
const silenceMs = 300

/** Sends bytes over a connection of its own and listens until it ends, or is silent where `ends` is false. */
export function sendRaw(url: string, chunks: (string | Uint8Array)[], ends = true): Promise<Outcome> {
  const { hostname, port } = new URL(url)
  return new Promise(resolve => {
    const socket = connect({ host: hostname === 'localhost' ? '127.0.0.1' : hostname, port: Number(port) })
    let got: Buffer = Buffer.alloc(0)
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(readOutcome(got))
    }
    let timer = setTimeout(done, ends ? 5_000 : silenceMs)
    socket.on('data', data => {
      got = Buffer.concat([got, data as Buffer])
      if (readOutcome(got).close !== undefined) return done()
      if (ends) return
      clearTimeout(timer)
      timer = setTimeout(done, silenceMs)
    })
    socket.on('error', () => {})
    socket.on('close', done)
    socket.on('connect', () => {
      for (const chunk of chunks) socket.write(chunk)
    })
  })
}

export function upgradeHead(token: string | undefined, more: string[] = [], path = '/ws'): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Protocol: pchat.v1',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...more,
    '\r\n',
  ].join('\r\n')
}

/** One frame as a client sends it, with whatever is to be wrong about it. */
export function frame(
  payload: string | Uint8Array,
  {
    opcode = 1,
    fin = true,
    rsv = 0,
    masked = true,
    claims,
  }: { opcode?: number; fin?: boolean; rsv?: number; masked?: boolean; claims?: bigint } = {},
): Buffer {
  const data = Buffer.from(payload)
  const length = claims ?? BigInt(data.length)
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode]
  const bit = masked ? 0x80 : 0
  if (length < 126n) head.push(bit | Number(length))
  else if (length < 65_536n) head.push(bit | 126, Number(length) >> 8, Number(length) & 255)
  else {
    const long = Buffer.alloc(8)
    long.writeBigUInt64BE(length)
    head.push(bit | 127, ...long)
  }
  const mask = randomBytes(4)
  if (!masked) return Buffer.concat([Buffer.from(head), data])
  return Buffer.concat([Buffer.from(head), mask, data.map((byte, index) => byte ^ mask[index % 4]!)])
}

function readOutcome(bytes: Buffer): Outcome {
  const end = bytes.indexOf('\r\n\r\n')
  const head = bytes.subarray(0, Math.max(0, end)).toString('latin1')
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]
  const outcome: Outcome = { status: status === undefined ? undefined : Number(status), close: undefined, texts: [] }
  if (outcome.status !== 101) return { ...outcome, texts: [bytes.subarray(end + 4).toString()] }
  for (let place = end + 4; place + 2 <= bytes.length; ) {
    const opcode = bytes[place]! & 15
    let length = bytes[place + 1]! & 127
    place += 2
    if (length === 126) {
      length = bytes.readUInt16BE(place)
      place += 2
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(place))
      place += 8
    }
    const payload = bytes.subarray(place, place + length)
    if (payload.length < length) break
    if (opcode === 8 && payload.length >= 2) outcome.close = payload.readUInt16BE(0)
    if (opcode === 1) outcome.texts.push(payload.toString())
    place += length
  }
  return outcome
}

/** Texts that are no request at all. */
export function badTexts(random: Random): string[] {
  const depth = 100_000
  return [
    ...[
      '',
      ' ',
      'null',
      'true',
      '5',
      '"x"',
      '[]',
      '[{"id":1,"verb":"room.find"}]',
      '{',
      '}',
      '{"id":1',
      '{"id":1,}',
      "{'id':1}",
    ],
    ...[
      '{"id":1,"verb":"room.find",}',
      '{"id":NaN,"verb":"room.find"}',
      '{"id":Infinity,"verb":"x"}',
      '{"id":01,"verb":"x"}',
    ],
    ...['\ufeff{"id":1,"verb":"room.find","input":{}}', '{"id":1,"verb":"room.find"}{}', '{"id":1 /* */,"verb":"x"}'],
    ...[
      '{"id":1,"verb":"a\nb"}',
      '{"id":1,"verb":"\\x41"}',
      '{"id":1,"verb":"\\ud8"}',
      'undefined',
      '\0',
      '{"id":1,"verb":"x"\0}',
    ],
    ...['{}', '{"verb":"room.find"}', '{"id":1}', '{"id":null,"verb":"room.find"}', '{"id":true,"verb":"room.find"}'],
    ...[
      '{"id":[],"verb":"room.find"}',
      '{"id":{},"verb":"room.find"}',
      '{"id":1,"verb":5}',
      '{"id":1,"verb":null}',
      '{"id":1,"verb":["room.find"]}',
    ],
    ...[
      '{"id":1e999,"verb":"room.find","input":{}}',
      '{"id":-1e999,"verb":"room.find"}',
      `{"id":"${'x'.repeat(201)}","verb":"room.find"}`,
    ],
    ...[
      '{"id":1,"id":null,"verb":"room.find"}',
      '{"id":1,"verb":"room.find","verb":5}',
      '{"__proto__":{"id":1,"verb":"room.find"}}',
    ],
    '['.repeat(depth),
    '['.repeat(depth) + ']'.repeat(depth),
    '{"a":'.repeat(40_000),
    `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`,
    `{"id":${'['.repeat(depth)}${']'.repeat(depth)},"verb":"room.find"}`,
    `{"id":1,"verb":"${'x'.repeat(260_000)}`,
    randomBytes(random.between(1, 2_000)).toString('latin1'),
  ]
}

/** Raw frames that break RFC 6455 or a limit, each with whether the server must end the connection itself. */
export function badFrames(random: Random): { name: string; bytes: Buffer[] }[] {
  const request = '{"id":1,"verb":"settings.get","input":{}}'
  const one = (name: string, ...bytes: Buffer[]) => ({ name, bytes })
  return [
    one('binary', frame(request, { opcode: 2 })),
    one('binary junk', frame(randomBytes(random.between(1, 5_000)), { opcode: 2 })),
    one('invalid UTF-8', frame(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]))),
    one('overlong UTF-8', frame(Buffer.from([0xc0, 0x80]))),
    one(
      'surrogate in UTF-8',
      frame(
        Buffer.concat([
          Buffer.from('{"id":"'),
          Buffer.from([0xed, 0xa0, 0x80]),
          Buffer.from('","verb":"settings.get"}'),
        ]),
      ),
    ),
    one('a character cut off by the end', frame(Buffer.from([0x22, 0xf0, 0x9f, 0x98]))),
    one('no mask', frame(request, { masked: false })),
    one('a reserved bit', frame(request, { rsv: random.between(1, 7) })),
    one('a reserved opcode', frame(request, { opcode: random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) })),
    one('a continuation of nothing', frame(request, { opcode: 0 })),
    one('a text inside a text', frame('{"id"', { fin: false }), frame(request)),
    one('a long ping', frame('x'.repeat(126), { opcode: 9 })),
    one('a ping in fragments', frame('x', { opcode: 9, fin: false })),
    one('a close of one byte', frame('x', { opcode: 8 })),
    one('a close of a wrong code', frame(Buffer.from([0x03, 0xe7]), { opcode: 8 })),
    one('a close with bad text', frame(Buffer.from([0x03, 0xe8, 0xff, 0xff]), { opcode: 8 })),
    one('a length of 2^62', frame('x', { claims: 2n ** 62n })),
    one('a length of 2^63', frame('x', { claims: 2n ** 63n })),
    one('a length of 8 MiB', frame('x', { claims: 8n * 1024n * 1024n })),
    one('300 KiB', frame(`{"id":1,"verb":"room.find","input":{"text":"${'x'.repeat(300 * 1024)}"}}`)),
    one(
      '300 KiB in fragments',
      ...fragments(`{"id":1,"verb":"room.find","input":{"text":"${'x'.repeat(300 * 1024)}"}}`, 20),
    ),
    one('2 MiB', frame('x'.repeat(2 * 1024 * 1024))),
    one('2 MiB in fragments', ...fragments('x'.repeat(2 * 1024 * 1024), 50)),
    one('fragments that never begin', ...Array.from({ length: 20 }, () => frame('', { opcode: 0, fin: false }))),
    one('bytes that are no frames', randomBytes(random.between(20, 4_000))),
  ]
}

function fragments(text: string, count: number): Buffer[] {
  const size = Math.ceil(text.length / count)
  return Array.from({ length: count }, (_, n) =>
    frame(text.slice(n * size, (n + 1) * size), { opcode: n === 0 ? 1 : 0, fin: n === count - 1 }),
  )
}

/** What is sent to the port and is no HTTP that this server speaks. `ends`: the server must end it by itself. */
export function badHttp(
  token: string,
  random: Random,
): { name: string; chunks: (string | Uint8Array)[]; ends?: boolean }[] {
  const post = (lines: string[], body = '') =>
    [
      'POST /api/v1/room.find HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${token}`,
      ...lines,
      'Connection: close',
      '',
      body,
    ].join('\r\n')
  const json = 'Content-Type: application/json'
  const upgrade = (lines: string[], path = '/ws', method = 'GET') =>
    [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', ...lines, '\r\n'].join('\r\n')
  const websocket = 'Upgrade: websocket'
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const version = 'Sec-WebSocket-Version: 13'
  return [
    { name: 'junk', chunks: [randomBytes(random.between(30, 3_000)), '\r\n\r\n'] },
    {
      name: 'a TLS greeting',
      chunks: [Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]), randomBytes(200)],
    },
    { name: 'HTTP/2', chunks: ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'] },
    { name: 'HTTP/9', chunks: ['GET / HTTP/9.9\r\n\r\n'] },
    // Of a verb: the page at / may be given to whoever asks, and is where there is a web client.
    { name: 'no version', chunks: ['GET /api/v1/room.find\r\n\r\n'] },
    { name: 'no host', chunks: ['POST /api/v1/room.find HTTP/1.1\r\n\r\n'] },
    { name: 'an unknown method', chunks: ['BREW /api/v1/room.find HTTP/1.1\r\nHost: x\r\n\r\n'] },
    { name: 'CONNECT', chunks: ['CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n'] },
    { name: 'a header of 100 KB', chunks: [post([json, `X: ${'x'.repeat(100_000)}`])] },
    { name: '3,000 headers', chunks: [post([json, ...Array.from({ length: 3_000 }, (_, n) => `X${n}: y`)])] },
    { name: 'a header without a name', chunks: [post([json, ': x'])] },
    { name: 'a header with NUL', chunks: [post([json, 'X: a\0b'])] },
    { name: 'two lengths', chunks: [post([json, 'Content-Length: 2', 'Content-Length: 3'], '{}')] },
    { name: 'length and chunks', chunks: [post([json, 'Content-Length: 2', 'Transfer-Encoding: chunked'], '{}')] },
    { name: 'a negative length', chunks: [post([json, 'Content-Length: -5'], '{}')] },
    { name: 'a length that is no number', chunks: [post([json, 'Content-Length: 0x10'], '{}')] },
    { name: 'a length of 1 TB', chunks: [post([json, `Content-Length: ${2 ** 40}`], '{}')] },
    { name: 'a body cut off', chunks: [post([json, 'Content-Length: 500'], '{"text":')], ends: false },
    { name: 'chunks cut off', chunks: [post([json, 'Transfer-Encoding: chunked'], '5\r\n{"tex\r\n')], ends: false },
    { name: 'chunks of no size', chunks: [post([json, 'Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n')] },
    {
      name: 'chunks of 2^64',
      chunks: [post([json, 'Transfer-Encoding: chunked'], 'FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n')],
    },
    {
      name: 'an unknown encoding',
      chunks: [post([json, 'Transfer-Encoding: gzip, chunked'], '2\r\n{}\r\n0\r\n\r\n')],
    },
    { name: 'a bad address', chunks: ['POST /api/v1/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'] },
    {
      name: 'an address of 20 KB',
      chunks: [`POST /api/v1/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`],
    },
    { name: 'an upgrade to nothing', chunks: [upgrade(['Upgrade: h2c'])] },
    { name: 'an upgrade without key', chunks: [upgrade([websocket, version])] },
    { name: 'an upgrade with a bad key', chunks: [upgrade([websocket, version, 'Sec-WebSocket-Key: x'])] },
    { name: 'an upgrade of an old version', chunks: [upgrade([websocket, key, 'Sec-WebSocket-Version: 7'])] },
    { name: 'an upgrade by POST', chunks: [upgrade([websocket, key, version, 'Content-Length: 0'], '/ws', 'POST')] },
    { name: 'an upgrade elsewhere', chunks: [upgrade([websocket, key, version], '/api/v1/room.find')] },
    { name: 'an upgrade of no address', chunks: [upgrade([websocket, key, version], '//')] },
    { name: 'an upgrade of a bad address', chunks: [upgrade([websocket, key, version], 'http://[')] },
    {
      name: 'an upgrade with a bad protocol',
      chunks: [upgrade([websocket, key, version, 'Sec-WebSocket-Protocol: ,,;'])],
    },
  ]
}
