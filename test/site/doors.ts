import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/client.ts'
import { openPool } from '../../src/client/pool.ts'
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

export type WestReport = {
  heard: number
  roomsOfWest: string[]
  seenFromMain: string[]
  mainRoomAnswered: string
  /** By what names one sign-in shows the pools, and who it is in the second one, without another password. */
  pools: string[]
  handedOver: string
  /** Whether somebody may use Persistent Chat: before and after the site's own policy, and at the other site. */
  enabled: { before: boolean; after: boolean; elsewhere: boolean }
}

/** The second pool has rooms, people, servers and policies of its own, and neither pool knows of the other one's; one sign-in opens both. */
export async function lookWest(site: TestSite, { token, rooms, speakers }: Talk): Promise<WestReport> {
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
    const seen = {
      heard,
      roomsOfWest: await listed(west, here),
      seenFromMain: await listed(main, token),
      mainRoomAnswered,
    }
    const somebody = speakers[0]!.name
    const known = {
      kind: 'user',
      name: somebody,
      displayName: 'Somebody of both',
      password: `${admin.password} 2`,
    } as const
    await call(west, here, 'principal.create', known)
    const opened = await openBoth(main, somebody)
    const mayUse = async (url: string, user: string) => {
      const seat = connect({ url, signIn: { user, password: admin.password } })
      return seat
        .ready()
        .then(me => me.enabled)
        .finally(() => seat.close())
    }
    const before = await mayUse(west, ann)
    await call(west, here, 'policy.create', { name: 'site:west', enabled: false })
    const enabled = { before, after: await mayUse(west, ann), elsewhere: await mayUse(main, somebody) }
    return { ...seen, ...opened, enabled }
  } finally {
    client.close()
  }
}

/** What who signed in at one pool is shown of both, and who he is in the other one. */
async function openBoth(main: string, user: string): Promise<Pick<WestReport, 'pools' | 'handedOver'>> {
  const client = connect({ url: main, signIn: { user, password: admin.password } })
  try {
    await client.ready()
    const { pools } = await client.request('pool.list', {})
    const other = await openPool(client, pools.find(one => one.own === undefined)!.name)
    const handedOver = await other
      .ready()
      .then(me => me.name)
      .finally(() => other.close())
    return { pools: pools.map(one => one.displayName).sort(), handedOver }
  } finally {
    client.close()
  }
}
