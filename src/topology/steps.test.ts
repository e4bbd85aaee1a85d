import { expect, test } from 'vitest'
import { exampleOf, standard, topologyOf, twoPools } from '../../test/topology-document.ts'
import { certificateNames, planServer } from './plan.ts'
import { stepsOf } from './steps.ts'
import { foldersOf } from './unit.ts'

const ids = (document: unknown, fqdn: string) => stepsOf(planServer(topologyOf(document), fqdn)!).map(({ id }) => id)

test('[BS30] the steps of a Persistent Chat Server, of one on stand-by, of a Front End Server and of one machine alone', () => {
  const enterprise = exampleOf('enterprise-edition')
  const chat = [
    ...['account', 'folders', 'secrets', 'certificate', 'database-1', 'database-2', 'migrations'],
    ...['pools', 'units', 'start', 'health', 'recording', 'test'],
  ]
  expect(ids(enterprise, 'chat1.example.com')).toEqual(chat)
  expect(ids(enterprise, 'chat3.example.com')).toEqual(chat.toSpliced(chat.indexOf('start'), 0, 'standby'))
  expect(ids(enterprise, 'fe1.example.com')).toEqual(chat.filter(id => id !== 'recording' && id !== 'database-2'))
  expect(ids(standard(), 'chat.example.com')).toEqual([
    ...['account', 'folders', 'certificate', 'pools', 'units', 'start', 'database-embedded', 'health', 'test'],
  ])
  expect(ids(exampleOf('standard-edition'), 'localhost')).not.toContain('certificate')
})

test('[BS30] [BS70] each step says what is done and how it is seen to be done, and none says a secret', () => {
  const document = twoPools()
  document.persistentChatPools[0].directoryConfig = '/etc/pchat/directory.yaml'
  Object.assign(document.persistentChatPools[0].nats, { user: 'bus', password: 'env:NATS_PASSWORD' })
  const topology = topologyOf(document)
  const steps = stepsOf(planServer(topology, 'chat1.example.com')!)
  for (const { id, title, does, doneWhen } of steps) {
    expect(title, id).toMatch(/\w/)
    expect(does.length, id).toBeGreaterThan(0)
    expect(doneWhen, id).toMatch(/\w/)
  }
  expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length)
  const secrets = steps.find(({ id }) => id === 'secrets')!
  expect(secrets.does).toContain('chmod 0600 /etc/pchat/store.secret')
  expect(secrets.does).toContain('chmod 0640 /etc/pchat/directory.yaml')
  expect(secrets.does).toContain('NATS_PASSWORD in /etc/pchat/environment, which root alone reads')
  expect(steps[0]!.does.join()).toContain('the same on all machines that mount /mnt/pchat-files')
  expect(stepsOf(planServer(topologyOf(standard()), 'chat.example.com')!)[0]!.does).toHaveLength(2)
  const [store, archive] = ['database-1', 'database-2'].map(id => steps.find(one => one.id === id)!)
  expect(store!.does).toContain('CREATE DATABASE "pchat" OWNER "pchat" ENCODING \'UTF8\' TEMPLATE template0;')
  expect(store!.does.join('\n')).toContain('NOSUPERUSER NOCREATEDB NOCREATEROLE')
  expect(archive!.does[0]).toMatch(
    /^pchat compliance prepare --admin-url 'postgres:\/\/postgres@db9\.example\.com:5432\/postgres\?sslmode=verify-full' /,
  )
})

test('[BS23] a process writes into its data folder, its file store, the folder of its heads and that of its adapters, each told once', () => {
  const settings = { dataDir: '/var/lib/pchat', complianceAnchors: '/mnt/heads/anchors.jsonl' }
  expect(foldersOf({ settings, fileStore: '/mnt/files' })).toEqual(['/var/lib/pchat', '/mnt/files', '/mnt/heads'])
  expect(foldersOf({ settings: { dataDir: '/var/lib/pchat' }, fileStore: '/var/lib/pchat/files' })).toEqual([
    '/var/lib/pchat',
  ])
  const elsewhere = { ...settings, complianceOutput: '/srv/books' }
  expect(foldersOf({ settings: elsewhere, fileStore: '/mnt/files' })).toContain('/srv/books')
  expect(foldersOf({ settings: { dataDir: '/srv' }, fileStore: 's3://bucket/files' })).toEqual(['/srv'])
})

test('[BS30] health is asked with the certificate that the server shows; a unit that changed is restarted', () => {
  const does = (id: string, certificate: object) => {
    const document = standard()
    Object.assign(document.standardServers[0], { certificate, dataDir: '/srv/p chat' })
    return stepsOf(planServer(topologyOf(document), 'chat.example.com')!).find(one => one.id === id)!.does
  }
  const url = 'https://chat.example.com/readyz'
  expect(does('health', { from: 'self-signed' })).toEqual([`curl --fail --cacert '/srv/p chat/self-signed.pem' ${url}`])
  expect(does('health', { from: 'authority' })[0]).toMatch(/readyz, with --cacert and the file of .* the authority$/)
  expect(does('health', { from: 'files' })).toEqual([`curl --fail ${url}`])
  expect(does('start', { from: 'files' })).toContain(
    'systemctl restart pchat-persistent-chat.service, where its unit was written since it started',
  )
})

test('[BS92] the certificate of a Front End Server holds the name that people open the pages at; that of a Persistent Chat Server need not', () => {
  const topology = topologyOf(exampleOf('enterprise-edition'))
  const names = (fqdn: string) => certificateNames(planServer(topology, fqdn)!)
  expect(names('fe1.example.com')).toEqual(['fe1.example.com', 'chat.example.com', 'fe.example.com'])
  expect(names('chat1.example.com')).toEqual(['chat1.example.com', 'chat.example.com'])
  const step = stepsOf(planServer(topology, 'fe1.example.com')!).find(({ id }) => id === 'certificate')
  expect(step?.doneWhen).toContain('fe1.example.com, chat.example.com, fe.example.com')
})
