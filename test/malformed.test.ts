import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WireError } from '../src/protocol/error.ts'
import { verbs } from '../src/protocol/request.ts'
import { openSite, type Site } from './harness.ts'
import { runMalformed } from './malformed.ts'
import { frame, sendRaw, upgradeHead } from './malformed-frames.ts'
import { isValid } from './malformed-shape.ts'
import { prepareTarget, type Target } from './malformed-target.ts'
import { validInputs } from './malformed-valid.ts'

let site: Site
let target: Target
beforeAll(async () => {
  site = await openSite()
  target = await prepareTarget(site.url, site.db, site.admin.token)
})
afterAll(() => site.stop())

/** Frames over a session that is open already; the answer to the last one. */
async function sendOpened(...frames: Buffer[]) {
  const open = frame('{"id":"open","verb":"session.open"}')
  const outcome = await sendRaw(target.url, [upgradeHead(target.member), open, ...frames], false)
  return { close: outcome.close, answer: JSON.parse(outcome.texts.at(-1) ?? '{}') }
}

async function postBody(verb: string, body: Uint8Array<ArrayBuffer> | string | undefined, headers = {}) {
  const response = await fetch(`${target.url}/api/v1/${verb}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${target.member}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, code: ((await response.json()) as { error?: WireError }).error?.code ?? 'ok' }
}

test('[WS1] [HT1] malformed, oversized, deep and wrongly typed frames and bodies are refused with a code and change nothing', async () => {
  const seed = Number(process.env.PCHAT_SEED ?? Date.now() % 2 ** 31)
  const report = await runMalformed(target, { seed, count: 700 })
  expect(report.faults, `seed ${seed}`).toEqual([])
  expect(report.sent).toBeGreaterThanOrEqual(700)
  expect(report.goodAnswers).toBeGreaterThan(10)
}, 60_000)

test('[WS1] the generator begins with inputs that are valid, and knows what is not', () => {
  const inputs = validInputs(target.names)
  for (const [name, verb] of Object.entries(verbs)) {
    expect(isValid(verb.input, inputs[name as keyof typeof inputs]), name).toBe(true)
    expect(isValid(verb.input, { ...inputs[name as keyof typeof inputs], constructor: 1 }), name).toBe(false)
  }
  expect(isValid(verbs['room.markRead'].input, { room: target.names.room, seq: 2 ** 53 })).toBe(false)
})

test('[WS2] a frame whose id no answer could name is refused, and its verb is not run', async () => {
  for (const id of ['1e999', '-1e999', 'null', '[1]'])
    expect(await sendOpened(frame(`{"id":${id},"verb":"room.find","input":{}}`)), id).toMatchObject({
      close: 4009,
      answer: { id: null, error: { code: 'invalid_argument' } },
    })
})

test('[WS2] [HT2] an input of null is refused, none at all is an empty one', async () => {
  const asked = await sendOpened(frame('{"id":1,"verb":"category.list","input":null}'))
  expect(asked.answer).toMatchObject({ id: 1, error: { code: 'invalid_argument' } })
  expect((await sendOpened(frame('{"id":1,"verb":"category.list"}'))).answer).toMatchObject({ id: 1, result: {} })
  expect(await postBody('category.list', 'null')).toEqual({ status: 400, code: 'invalid_argument' })
  expect(await postBody('category.list', undefined)).toEqual({ status: 200, code: 'ok' })
})

test('[HT2] a body that is no UTF-8, or is encoded, is refused and not kept as something else', async () => {
  const { room } = target.names
  const body = (bytes: number[]) =>
    new Uint8Array(
      Buffer.concat([
        Buffer.from(`{"room":"${room}","clientId":"${crypto.randomUUID()}","text":"a`),
        Buffer.from(bytes),
        Buffer.from('"}'),
      ]),
    )
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f]])
    expect(await postBody('message.post', body(bytes))).toEqual({ status: 400, code: 'invalid_argument' })
  expect(await postBody('category.list', '{}', { 'content-encoding': 'gzip' })).toMatchObject({ status: 400 })
  expect(await postBody('message.post', body([...Buffer.from('ä😀')]))).toEqual({ status: 200, code: 'ok' })
})

test('[WS3] an upgrade whose address is none is answered with 404', async () => {
  for (const path of ['//', 'http://[', '/%zz', '*'])
    expect((await sendRaw(target.url, [upgradeHead(target.member, [], path)])).status, path).toBe(404)
})

test('[FZ4] a search for more words than the store takes is refused', async () => {
  const text = 'a '.repeat(20_000)
  for (const match of ['any', 'all', 'exact'] as const)
    expect(await site.admin.code('message.search', { text, match }), match).toBe('too_large')
  const { room } = target.names
  expect(await site.admin.code('message.remove', { room, filter: { text, match: 'exact' } })).toBe('too_large')
  expect(await site.admin.code('message.search', { text: 'a '.repeat(400), match: 'exact' })).toBe('ok')
})

test('[WS4] what strangers call leaves no trace in the metrics', async () => {
  await sendRaw(target.url, [upgradeHead(undefined), frame('{"id":1,"verb":"made.up"}')], false)
  const metrics = await (await fetch(`${target.url}/metrics`)).text()
  expect(metrics).toContain('verb="other",outcome="unauthenticated"')
  expect(metrics).not.toContain('made.up')
})
