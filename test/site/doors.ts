import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/client.ts'
import { call } from '../ask-http.ts'
import { getFile, patch, sha256, someBytes } from '../upload.ts'
import { admin } from './administrator.ts'
import { domain, frontEnds } from './document.ts'
import type { TestSite } from './site.ts'
import type { Talk } from './talk.ts'

const signIn = (url: string, user: string, password = admin.password) =>
  call(url, undefined, 'session.signIn', { user, password })

/** A file goes in at one Front End Server and comes out at the other one, as it was. Answers its size. */
export async function shareFile(site: TestSite, { token, category, speakers }: Talk): Promise<number> {
  const [first, second] = frontEnds.map(fqdn => `https://${fqdn}:${site.ports.main}`) as [string, string]
  const names = [speakers[0]!.name, speakers[1]!.name]
  const { room } = await call(first, token, 'room.create', { category, name: 'files', members: names })
  const [sender, receiver] = [await signIn(first, names[0]!), await signIn(second, names[1]!)]
  const bytes = someBytes(300_000, 7)
  const { file, upload } = await call(first, sender.token, 'file.begin', {
    room: room.id,
    name: 'plan.bin',
    size: bytes.length,
  })
  const at = new URL(new URL(upload, first).pathname, first).href
  const put = await patch(sender, at, 0, bytes)
  if (put.status !== 204) throw new Error(`The upload was answered ${put.status} ${await put.text()}`)
  await call(second, sender.token, 'file.post', { room: room.id, file, clientId: randomUUID() })
  const got = await getFile({ url: second }, receiver, file)
  const read = new Uint8Array(await got.arrayBuffer())
  if (!got.ok || sha256(read) !== sha256(bytes)) throw new Error(`The file came as ${got.status}, ${read.length} bytes`)
  return read.length
}

export type WestReport = { heard: number; roomsOfWest: string[]; seenFromMain: string[]; mainRoomAnswered: string }

/** The second pool has rooms, people and servers of its own, and neither pool knows of the other one's. */
export async function lookWest(site: TestSite, { token, rooms }: Talk): Promise<WestReport> {
  const main = `https://${frontEnds[0]}:${site.ports.main}`
  const west = `https://${frontEnds[1]}:${site.ports.west}`
  const here = (await signIn(west, admin.user)).token
  const ann = `ann@${domain}`
  await call(west, here, 'principal.create', { kind: 'user', name: ann, displayName: 'Ann', password: admin.password })
  const { category } = await call(west, here, 'category.create', { name: 'west', allowedMembers: [domain] })
  const { room } = await call(west, here, 'room.create', { category: category.id, name: 'sunset', members: null })
  const client = connect({ url: west, signIn: { user: ann, password: admin.password } })
  let heard = 0
  client.on('message.posted', () => {
    heard += 1
  })
  try {
    await client.ready()
    await client.join(room.id)
    for (let n = 0; n < 5; n += 1) await client.post(room.id, { text: `from the west ${n}` })
    for (let tries = 0; heard < 5 && tries < 100; tries += 1) await sleep(50)
    const mainRoomAnswered = await client.join(rooms[0]!).then(
      () => 'ok',
      error => String((error as { code?: string }).code),
    )
    const listed = async (url: string, own: string) =>
      (await call(url, own, 'room.list', {})).rooms.map(one => one.room.name)
    return { heard, roomsOfWest: await listed(west, here), seenFromMain: await listed(main, token), mainRoomAnswered }
  } finally {
    client.close()
  }
}
