import { allows, breaks, everyRuleBreaks } from '../../../test/topology-breaks.ts'
import { enterprise, ep, pool, twoPools } from '../../../test/topology-document.ts'
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
breaks(
  '[TR49] passkeys for a domain that the name people open is not in',
  enterprise,
  d => {
    pool(d).passkeyDomain = 'inner.example.com'
    for (const one of [...ep(d).servers, ...pool(d).servers]) one.fqdn = one.fqdn.replace('.', '.inner.')
  },
  /passkeyDomain$/,
)
breaks(
  '[TR80] everybody is trusted to say who asks',
  enterprise,
  d => {
    pool(d).trustedProxies = ['10.0.0.7', '0.0.0.0/0']
  },
  /trustedProxies\/1$/,
)
breaks(
  '[TR75] a name without a password at NATS',
  enterprise,
  d => {
    pool(d).nats.user = 'bus'
  },
  /nats\/user$/,
)
allows('[TR75] a token, and a name with a password', twoPools, d => {
  pool(d).nats.password = 'env:TOKEN'
  Object.assign(pool(d, 1).nats, { user: 'bus', password: 'env:PASSWORD' })
})
for (const url of [
  'https://fe.example.com',
  'https://chat.example.com:8443',
  'https://chat1.paris.example.com',
  'https://talk.paris.example.com/',
])
  breaks(
    `[TR48] files from ${url}, which is something else`,
    twoPools,
    d => {
      pool(d).downloadUrl = url
    },
    /downloadUrl$/,
  )
for (const url of ['https://[fd00::1]', 'https://[fd00:0:0::1]:8443', 'https://fe1.example.com.'])
  breaks(
    `[TR48] files from ${url}, which is a Front End Server`,
    () => {
      const document = enterprise()
      ep(document).servers[0].address = 'fd00::1'
      return document
    },
    d => {
      pool(d).downloadUrl = url
    },
    /downloadUrl$/,
  )
for (const address of ['::ffff:127.0.0.1', '0:0:0:0:0:0:0:1'])
  breaks(
    `[TR46] one of several machines at ${address}`,
    enterprise,
    d => {
      pool(d).servers[0].address = address
    },
    /servers\/0\/address$/,
  )
breaks(
  '[TR46] a database below localhost',
  enterprise,
  d => {
    pool(d).compliance.store.hosts[0].host = 'db.localhost'
  },
  /compliance\/store\/hosts\/0\/host$/,
)
everyRuleBreaks(serviceRules)
