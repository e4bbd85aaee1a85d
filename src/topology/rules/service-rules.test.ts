import { breaks, everyRuleBreaks } from '../../../test/topology-breaks.ts'
import { enterprise, ep, pool } from '../../../test/topology-document.ts'
import { serviceRules } from './service-rules.ts'

breaks(
  '[TR42] a file store in the data folder of each of several machines',
  enterprise,
  d => {
    delete pool(d).fileStore
  },
  /persistentChatPools\/0$/,
)
breaks(
  '[TR42] a local folder for several machines',
  enterprise,
  d => {
    pool(d).fileStore.shared = false
  },
  /fileStore$/,
)
breaks(
  '[TR43] a bucket at an address that is none',
  enterprise,
  d => {
    pool(d).fileStore = { place: 's3://bucket?endpoint=s3.example.com' }
  },
  /fileStore\/place$/,
)
breaks(
  '[TR44] several machines without NATS',
  enterprise,
  d => {
    delete pool(d).nats
  },
  /persistentChatPools\/0$/,
)
breaks(
  '[TR45] a machine that others reach, without a certificate',
  enterprise,
  d => {
    ep(d).servers[1].certificate = { from: 'none' }
  },
  /enterprisePools\/0\/servers\/1\/certificate\/from$/,
)
breaks(
  '[TR46] one of several machines that listens for itself',
  enterprise,
  d => {
    pool(d).servers[0].address = '127.0.0.1'
  },
  /servers\/0\/address$/,
)
breaks(
  '[TR46] a store that would be another one on each machine',
  enterprise,
  d => {
    pool(d).store.hosts[1].host = '127.0.0.1'
  },
  /store\/hosts\/1\/host$/,
)
breaks(
  '[TR47] one of several machines that makes its certificate itself',
  enterprise,
  d => {
    pool(d).servers[0].certificate = { from: 'self-signed' }
  },
  /servers\/0\/certificate\/from$/,
)
for (const url of ['https://chat1.example.com', 'https://fe2.example.com:8443', 'http://files.example.net'])
  breaks(
    `[TR48] files from ${url}`,
    enterprise,
    d => {
      pool(d).downloadUrl = url
    },
    /downloadUrl$/,
  )
breaks(
  '[TR49] passkeys for a domain that the servers are not in',
  enterprise,
  d => {
    pool(d).passkeyDomain = 'ample.com'
  },
  /passkeyDomain$/,
)
everyRuleBreaks(serviceRules)
