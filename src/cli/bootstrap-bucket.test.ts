import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { openSwift } from '../../test/swift.ts'
import { readTools } from '../../test/tools.ts'
import { exampleOf, topologyOf } from '../../test/topology-document.ts'
import { planServer } from '../topology/plan.ts'
import { checkFiles } from './bootstrap-files.ts'

const swift = await openSwift((await readTools()).swiftRoot)
afterAll(() => swift.stop())

test('[BS71] a bucket is tried with the keys that the services get, and not with those of whoever asks', async () => {
  const { endpoint, credentials } = swift
  const maker = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
  await maker.send(new CreateBucketCommand({ Bucket: 'pchat-check' }))
  maker.destroy()
  const document = exampleOf('standard-edition')
  document.persistentChatPools[0].fileStore = { place: `s3://pchat-check?endpoint=${endpoint}`, shared: true }
  const topology = topologyOf(document)
  const keys = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey }
  const see = async (env: NodeJS.ProcessEnv) =>
    (await checkFiles(topology, planServer(topology, 'localhost')!, env, []))[0]
  expect(await see(keys)).toMatchObject({ check: 's3://pchat-check: read and write', state: 'ok' })
  const before = { ...process.env }
  onTestFinished(() => {
    process.env = before
  })
  Object.assign(process.env, keys)
  expect(await see({})).toMatchObject({
    state: 'error',
    mend: expect.stringContaining('keys in /etc/pchat/environment'),
  })
  expect(process.env).toMatchObject(keys)
})
