import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createLineServer } from 'node:net'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, expect, test } from 'vitest'
import { openFileSite, openRoomFor, postFile } from '../../test/files.ts'
import { openSwift } from '../../test/swift.ts'
import { readTools } from '../../test/tools.ts'
import { getFile, someBytes } from '../../test/upload.ts'
import { gather } from './objects.ts'
import { openBucket, parseBucket } from './s3.ts'
import { fileStoreContract } from './store.contract.ts'

// OpenStack Swift with one copy on one disk: signatures, ranges, lists and refusals are a real server's. That objects are durable,
// and seen by everybody at once, is each bucket's own promise and not tested.
const swift = await openSwift((await readTools()).swiftRoot)
afterAll(() => swift.stop())
const { endpoint, credentials } = swift
const maker = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
await maker.send(new CreateBucketCommand({ Bucket: 'pchat-files' }))
maker.destroy()

const open = (path: string, secret = credentials) =>
  openBucket(parseBucket(`s3://pchat-files${path}?endpoint=${endpoint}`)!, secret)

fileStoreContract('a bucket', async () => open(''))
fileStoreContract('a folder of a bucket', async () => open('/in/here'))

test('[FI18] a bucket: more objects than one page are listed, of one’s own folder only', async () => {
  const [ours, theirs] = [open('/ours'), open('/theirs')]
  const keys = Array.from({ length: 1_100 }, (_, i) => `key-${`${i}`.padStart(5, '0')}`)
  for (let at = 0; at < keys.length; at += 50)
    await Promise.all(keys.slice(at, at + 50).map(key => ours.put(key, Buffer.from('x'))))
  await theirs.put('key-of-others', Buffer.from('x'))
  const listed: string[] = []
  for await (const { key } of ours.list()) listed.push(key)
  expect(listed.sort()).toEqual(keys)
}, 60_000)

test('[FI1] with a bucket a file is put, posted and read as with a folder', async () => {
  const site = await openFileSite({ store: open('/site') })
  const ann = await site.addUser('ann@example.com')
  const bytes = someBytes(9_000_000)
  const { file } = await postFile(ann, await openRoomFor(site, [ann]), bytes)
  const answer = await getFile(site, ann, file, { range: 'bytes=4194000-8388900' })
  expect(answer.status).toBe(206)
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(4_194_000, 8_388_901))).toBe(true)
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

test('[FI18] a bucket: a wrong secret is refused, and says so', async () => {
  const store = open('', { ...credentials, secretAccessKey: 'wrong' })
  await expect(store.put('ab-1', Buffer.from('x'))).rejects.toThrow(/signature/i)
})

test('[FI20] a bucket that is away is `unavailable`', async () => {
  const store = openBucket(parseBucket('s3://pchat-files?endpoint=http://127.0.0.1:1')!, credentials)
  await expect(store.put('ab-1', Buffer.from('x'))).rejects.toMatchObject({ code: 'unavailable' })
  await expect(store.get('ab-1')).rejects.toMatchObject({ code: 'unavailable' })
})

test('[FI20] a bucket that takes a request and never answers, or stops in the middle, is given up', async () => {
  const server = createServer((request, response) => {
    if (!request.url!.includes('half')) return
    response.writeHead(200, { 'content-length': '1000' })
    response.write('half of it')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const store = openBucket(parseBucket(`s3://pchat-files?endpoint=http://127.0.0.1:${port}`)!, credentials, 300)
  await expect(store.put('ab-1', Buffer.from('x'))).rejects.toMatchObject({ code: 'unavailable' })
  await expect(store.get('ab-1')).rejects.toMatchObject({ code: 'unavailable' })
  await expect(gather(await store.get('half-1'))).rejects.toThrow()
  await store.close()
  // Nor does one that sends a head without an end.
  const heads = createLineServer(socket => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 200 OK\r\n')
    const timer = setInterval(() => socket.write('x-more: more\r\n'), 50)
    socket.on('close', () => clearInterval(timer))
  })
  heads.listen(0, '127.0.0.1')
  await once(heads, 'listening')
  const at = (heads.address() as { port: number }).port
  const endless = openBucket(parseBucket(`s3://pchat-files?endpoint=http://127.0.0.1:${at}`)!, credentials, 300)
  await expect(endless.get('ab-1')).rejects.toMatchObject({ code: 'unavailable' })
  await endless.close()
  heads.close()
  server.closeAllConnections()
  server.close()
}, 10_000)

test('[FI18] the address of a bucket', () => {
  expect(parseBucket('s3://files')).toEqual({ bucket: 'files', prefix: '', endpoint: undefined, region: 'us-east-1' })
  expect(parseBucket('s3://files/a/b/?endpoint=https://s3.example.com&region=eu-1')).toEqual({
    ...{ bucket: 'files', prefix: 'a/b/', endpoint: 'https://s3.example.com', region: 'eu-1' },
  })
  expect(['/srv/files', 's3://', 'https://files', 's3://files?endpoint=ftp://x'].map(parseBucket)).toEqual(
    Array(4).fill(undefined),
  )
})
