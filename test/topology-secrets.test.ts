import { expect, test } from 'vitest'
import { exampleDocument } from '../src/topology/example.ts'
import { isRecord } from '../src/topology/option.ts'
import { readTopology } from '../src/topology/read.ts'
import { openRandom } from './random.ts'
import { topology } from './topology-command.ts'
import { textOf, type Written, withPool } from './topology-document.ts'
import { randomTopology } from './topology-random.ts'

const secret = 'hunTer2x'
const sound = exampleDocument('enterprise-edition')

/** All that is said of the document, to people and to programs. */
async function allSaid(text: string): Promise<string> {
  const said: string[] = []
  for (const json of [[], ['--json']])
    for (const verb of [['validate'], ['show'], ['plan', '--server', 'chat1.example.com']]) {
      const { out, err } = await topology([...verb, '-', ...json], text)
      said.push(out, err)
    }
  return said.join('\n')
}

const line = 'password: file:/etc/pchat/store.secret'
const written = [
  `password: *${secret}`,
  `password: &${secret}`,
  `password: &${secret} x`,
  `password: !${secret}`,
  `password: !${secret} x`,
  `password: !!${secret} x`,
  `password: |${secret}`,
  `password: >${secret}`,
  `password: @${secret}`,
  `password: \`${secret}`,
  `password: %${secret}`,
  `password: "\\${secret}"`,
  `password: "${secret}`,
  `password: '${secret}`,
  `password: [${secret}`,
  `password: {${secret}: 1}`,
  `password: {${secret}: ${secret}`,
  `password: ${secret}: x`,
  `password: - ${secret}`,
  `password:${secret}`,
  `passwort: ${secret}`,
  `password: ${secret}`,
  `${secret}: password`,
  `"password" ${secret}`,
  `? ${secret}`,
  `&${secret} password: x`,
  `*${secret} : x`,
  `password: env:${secret}-`,
  `password: x\n      ${secret}: 1\n      ${secret}: 2`,
  `password: x\n ${secret}`,
  `password: x\n---\n${secret}`,
  `password: x\n%${secret}`,
]

test.each(written)('[TR63] a secret is not said again: %s', async text => {
  const document = sound.replace(line, text)
  expect(document).not.toBe(sound)
  expect('faults' in readTopology(document)).toBe(true)
  expect(await allSaid(document)).not.toContain(secret)
})

test.each([
  [{ store: `postgres://pchat:${secret}@db1/pchat` }],
  [{ nats: `nats://u:${secret}@n1` }],
  [{ nats: { servers: [`nats://u:${secret}@n1`] } }],
  [{ nats: { servers: [{ host: 'n1.example.com' }], user: `bus:${secret}` } }],
  [{ downloadUrl: `https://u:${secret}@files.example.net` }],
  [{ downloadUrl: `https://u:${secret}` }],
  [{ store: { hosts: [{ host: `pchat:${secret}@db1` }] } }],
  [{ fileStore: { place: `s3://AKIAKEY:${secret}@bucket` } }],
  [{ fileStore: { place: `s3://AKIAKEY:${secret}` } }],
  [{ fileStore: { place: `s3://bucket?endpoint=https://u:${secret}@s3.example.com` } }],
  [{ fileStore: { place: `s3://bucket?endpoint=https%3A%2F%2Fu%3A${secret}%40s3.example.com` } }],
  [{ fileStore: { place: `s3://bucket?secret=${secret}` } }],
  [{ fileStore: { place: `s3://bucket?region=eu-1&endpoint=https://s3.example.com&key=${secret}` } }],
  [{ clamd: `u:${secret}@clamd:3310` }],
])('[TR63] nor where an address could hold it: %j', async more => {
  const document = textOf(withPool(more))
  expect('faults' in readTopology(document)).toBe(true)
  expect(await allSaid(document)).not.toContain(secret)
})

test('[TR63] a bucket with an endpoint and a region is a place', () => {
  for (const place of [
    's3://bucket',
    's3://my.bucket-1/a/b?region=eu-1&endpoint=https://s3.example.com:9000',
    's3://bucket?endpoint=https%3A%2F%2Fs3.example.com',
  ])
    expect('faults' in readTopology(textOf(withPool({ fileStore: { place } }))), place).toBe(false)
})

/** Texts that people read and folders are what somebody calls them. */
const free = ['displayName']

test('[TR63] wherever in a document a secret is, nothing says it again', async () => {
  const forms = [
    `u:${secret}@db1`,
    `https://u:${secret}@x.example.com/`,
    `*${secret}`,
    `password: ${secret}`,
    `!${secret}`,
  ]
  let count = 0
  for (let seed = 1; seed <= 150; seed += 1) {
    const random = openRandom(seed)
    const document = randomTopology(random)
    const places: { holder: Written; key: string }[] = []
    const walk = (holder: Written) => {
      for (const key of Object.keys(holder)) {
        if (!free.includes(key)) places.push({ holder, key })
        if (typeof holder[key] === 'object') walk(holder[key])
      }
    }
    walk(document)
    const { holder, key } = random.pick(places)
    const form = random.pick(forms)
    if (isRecord(holder) && random.chance(0.3)) (holder as Written)[form] = 'x'
    else holder[key] = random.chance(0.2) ? { [form]: form } : form
    const text = textOf(document)
    expect(await allSaid(text), text).not.toContain(secret)
    const { out, err } = await topology(
      ['diff', '-', 'docs/topology.schema.json', ...(seed % 2 ? ['--json'] : [])],
      text,
    )
    expect(out + err).not.toContain(secret)
    count += 'faults' in readTopology(text) ? 1 : 0
  }
  expect(count).toBeGreaterThan(140)
})
