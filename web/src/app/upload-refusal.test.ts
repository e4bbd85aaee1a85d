import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Upload } from 'tus-js-client'
import { expect, test } from 'vitest'
import { uploadRefusal } from './upload-refusal.ts'

/** What comes of going on with an upload at a server that answers so. */
async function goOn(status: number, body = ''): Promise<unknown> {
  const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const refusal = await new Promise(resolve => {
    const uploadUrl = `http://127.0.0.1:${port}/files/uploads/f`
    new Upload(Buffer.from('film'), {
      uploadUrl,
      retryDelays: [],
      onError: error => resolve(uploadRefusal(error)),
    }).start()
  })
  server.closeAllConnections()
  server.close()
  return refusal
}

test('[FI66] an upload that the server has no more is told as gone, although such an answer has no words; any other may be tried again', async () => {
  for (const status of [404, 410]) expect(await goOn(status), String(status)).toMatchObject({ code: 'not_found' })
  expect(await goOn(500)).toMatchObject({ code: 'unavailable' })
})

test('[FI66] what the server says of an upload in words is told in its words', () => {
  const answer = (status: number, body: string) => ({ getStatus: () => status, getBody: () => body })
  const told = (originalResponse: object | null) => uploadRefusal({ originalResponse })
  const error = { code: 'too_large', message: 'Too large.' }
  expect(told(answer(404, JSON.stringify({ error })))).toEqual(error)
  for (const body of ['null', '{}', '<html>'])
    expect([body, told(answer(502, body))]).toMatchObject([body, { code: 'unavailable' }])
  expect(told(null)).toMatchObject({ code: 'unavailable' })
})
