import { Command } from 'commander'
import { expect, test } from 'vitest'
import { exampleOf, topologyOf } from '../../test/topology-document.ts'
import { planServer } from '../topology/plan.ts'
import type { ServerSettings } from '../topology/settings.ts'
import { type StartOptions, withStartOptions } from './options.ts'
import { findFault } from './start-fault.ts'
import { mergeSettings } from './topology-central-merge.ts'

const none = () => {
  throw new Error('no secret is asked for')
}

/** As `pchat start` with these words merges them with a topology. */
function merge(
  words: string[],
  settings: ServerSettings,
  secrets: { setting: 'databaseUrl'; reference: string }[] = [],
  read = none as (reference: string) => string,
) {
  const command = withStartOptions(new Command('start')).exitOverride()
  command.parse(words, { from: 'user' })
  const start = {
    options: command.opts<StartOptions>(),
    isNamed: (name: string) => command.getOptionValueSource(name) === 'cli',
    usual: (name: string) => command.options.find(option => option.attributeName() === name)?.defaultValue,
  }
  return mergeSettings({ settings, secrets }, start, read)
}

test('[CM31] a certificate that is named stands for the whole one of the topology', () => {
  const own = ['--tls-cert', '/a.pem', '--tls-key', '/a.key']
  const { options, overridden } = merge(own, { host: 'chat1', tlsSelfSigned: true })
  expect(options).toMatchObject({ host: 'chat1', tlsCert: '/a.pem', tlsKey: '/a.key' })
  expect(options).not.toHaveProperty('tlsSelfSigned')
  expect([findFault(options), overridden]).toEqual([undefined, ['tlsCert', 'tlsKey']])
  const selfSigned = merge(['--tls-self-signed'], { host: 'chat1', tlsCert: '/b.pem', tlsKey: '/b.key' })
  expect(findFault(selfSigned.options)).toBeUndefined()
  expect(selfSigned.options).not.toHaveProperty('tlsCert')
  // Half of one is told as such, and not filled up with the other's half.
  expect(findFault(merge(['--tls-cert', '/a.pem'], { tlsCert: '/b.pem', tlsKey: '/b.key' }).options)).toMatch(
    /--tls-key/,
  )
  expect(merge([], { tlsCert: '/b.pem', tlsKey: '/b.key' }).options).toMatchObject({ tlsKey: '/b.key' })
})

test("[CM31] a secret is read only where its setting is the topology's", () => {
  const settings = { databaseUrl: 'postgres://pchat@db1/pchat' }
  const secrets = [{ setting: 'databaseUrl' as const, reference: 'env:WORD' }]
  const named = merge(['--database-url', 'postgres://me@db7/pchat'], settings, secrets)
  expect(named.options.databaseUrl).toBe('postgres://me@db7/pchat')
  expect(merge([], settings, secrets, () => 'sesame').options.databaseUrl).toBe('postgres://pchat:sesame@db1/pchat')
})

test('[CM31] each option that is named and not as the topology says is told, also where the topology says nothing', () => {
  const settings = { databaseUrl: 'postgres://pchat@db1/pchat', port: 443, dataDir: '/srv/pchat' }
  const told = (words: string[], of: ServerSettings = settings) => merge(words, of).overridden
  expect(told(['--nats-url', 'nats://n1:4222'])).toEqual(['natsUrl'])
  expect(told(['--database-url', 'postgres://pchat@db1/old'], { port: 443 })).toEqual(['databaseUrl'])
  expect(told(['--port', '8443', '--workers', '4', '--clamd', 'localhost:3310'])).toEqual(['port', 'workers', 'clamd'])
  // The same, in other words.
  const same = ['--port', '443', '--workers', '1', '--data-dir', '/srv/x/../pchat', '--server', 'chat1']
  expect(told([...same, '--database-url', 'postgres://pchat:sesame@db1/pchat'])).toEqual([])
  expect(told([])).toEqual([])
})

test('[FR17] a machine that starts by its topology runs the role that is planned for it; another one that is named wins', () => {
  const topology = topologyOf(exampleOf('enterprise-edition'))
  const started = (fqdn: string, words: string[] = []) => {
    const [process] = planServer(topology, fqdn)!.processes
    const secrets = process!.secrets as { setting: 'databaseUrl'; reference: string }[]
    return merge(words, process!.settings, secrets, () => 'sesame')
  }
  expect(started('fe1.example.com').options.role).toBe('front-end')
  expect(findFault(started('fe1.example.com').options)).toBeUndefined()
  expect(started('fe1.example.com').options).not.toHaveProperty('complianceDatabaseUrl')
  const chat = started('chat1.example.com').options
  expect(chat).toMatchObject({ role: 'persistent-chat', complianceDatabaseUrl: expect.stringContaining('db9') })
  expect(findFault(chat)).toBeUndefined()
  expect(started('chat1.example.com', ['--role', 'all'])).toMatchObject({
    options: { role: 'all' },
    overridden: ['role'],
  })
})

test('[CM50] a key that systemd hands to the unit of the topology is as the topology says', () => {
  const words = ['--tls-cert', '/run/credentials/a/tlsCert', '--tls-key', '/other/tlsKey']
  const command = withStartOptions(new Command('start')).exitOverride()
  command.parse(words, { from: 'user' })
  const { options, overridden } = mergeSettings(
    { settings: { tlsCert: '/etc/pchat/tls/server.pem', tlsKey: '/etc/pchat/tls/server.key' }, secrets: [] },
    {
      options: command.opts<StartOptions>(),
      isNamed: name => command.getOptionValueSource(name) === 'cli',
      usual: () => undefined,
      credentials: '/run/credentials/a',
    },
    none,
  )
  expect([options.tlsCert, overridden]).toEqual(['/run/credentials/a/tlsCert', ['tlsKey']])
})
