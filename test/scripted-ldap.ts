import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { BerReader, BerWriter } from 'ldapts'

export type Asked = { id: number; operation: number; socket: Socket; count: number; bytes: Buffer }

/** An LDAP server that says what a test tells it to, true or not. */
export type ScriptedLdap = { port: number; url: string; asked: Asked[]; close(): Promise<void> }

export const operations = { bind: 0x60, search: 0x63, extended: 0x77, unbind: 0x42 }

/** `answer` is called with each request; binds are granted where it says nothing of them. */
export async function openScriptedLdap(answer: (asked: Asked) => Buffer[] | undefined): Promise<ScriptedLdap> {
  const asked: Asked[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data])
      // What is no LDAP, such as the beginning of TLS, is heard and not answered.
      while (rest[0] === 0x30) {
        const reader = new BerReader(rest)
        if (reader.readSequence() === null || reader.remain < reader.length) return
        const end = reader.offset + reader.length
        const bytes = rest.subarray(0, end)
        rest = rest.subarray(end)
        const id = reader.readInt()!
        const one = { id, operation: reader.peek()!, socket, count: asked.length, bytes }
        asked.push(one)
        const said = answer(one) ?? (one.operation === operations.bind ? [result(id, 0x61)] : [])
        for (const part of said) socket.write(part)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `ldap://127.0.0.1:${port}`,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The end of an answer: 0x61 of a bind, 0x65 of a search, 0x78 of an extended request; with a cookie, of a page. */
export function result(id: number, tag: number, status = 0, message = '', cookie?: Buffer): Buffer {
  return framed(id, writer => {
    writer.startSequence(tag)
    writer.writeEnumeration(status)
    writer.writeString('')
    writer.writeString(message)
    writer.endSequence()
    if (!cookie) return
    const value = new BerWriter()
    value.startSequence()
    value.writeInt(0)
    value.writeBuffer(cookie, 4)
    value.endSequence()
    writer.startSequence(0xa0)
    writer.startSequence()
    writer.writeString('1.2.840.113556.1.4.319')
    writer.writeBuffer(value.buffer, 4)
    writer.endSequence()
    writer.endSequence()
  })
}

export function entry(id: number, dn: string, values: Record<string, string[]>): Buffer {
  return framed(id, writer => {
    writer.startSequence(0x64)
    writer.writeString(dn)
    writer.startSequence()
    for (const [type, some] of Object.entries(values)) {
      writer.startSequence()
      writer.writeString(type)
      writer.startSequence(0x31)
      for (const value of some) writer.writeString(value)
      writer.endSequence()
      writer.endSequence()
    }
    writer.endSequence()
    writer.endSequence()
  })
}

function framed(id: number, write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  write(writer)
  writer.endSequence()
  return writer.buffer
}
