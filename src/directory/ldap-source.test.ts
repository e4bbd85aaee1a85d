import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { makeAuthority } from '../../test/authority.ts'
import { inTime } from '../../test/in-time.ts'
import { type OpenLdap, startOpenLdap, userPassword } from '../../test/openldap.ts'
import { openProxy } from '../../test/proxy.ts'
import { idsOf, readAll } from '../../test/read-source.ts'
import { type Asked, entry, openScriptedLdap, operations, result } from '../../test/scripted-ldap.ts'
import type { LdapSource } from './ldap-config.ts'
import { type LdapOptions, openLdapSource } from './ldap-source.ts'
import { type DirectorySource, SourceAway } from './source.ts'

let server: OpenLdap
let aliceId: string
const base = 'dc=example,dc=com'
const patience = { connectMs: 1_000, answerMs: 1_000, signInMs: 1_000 }

beforeAll(async () => {
  server = await startOpenLdap()
  await server.addUser('alice')
  for (let i = 0; i < 30; i += 1) await server.addUser(`user${i}`)
  const source = openLdapSource(server.source)
  aliceId = (await readAll(source)).get('alice@example.com').id
  await source.close()
})

afterAll(() => server?.close())

function open(more: Partial<LdapSource> = {}, options: LdapOptions = {}): DirectorySource {
  const source = openLdapSource({ ...server.source, ...more }, { patience, ...options })
  onTestFinished(() => source.close())
  return source
}

async function proxied(target = server.port) {
  const proxy = await openProxy(target)
  onTestFinished(() => proxy.close())
  return proxy
}

async function scripted(answer: (asked: Asked) => Buffer[] | undefined) {
  const ldap = await openScriptedLdap(answer)
  onTestFinished(() => ldap.close())
  return ldap
}

/** The certificate is asked for again at each start. */
async function withCertificate(names: string[], days?: { from: number; to: number }) {
  await server.stop()
  await server.start(await server.authority.issue(names, days))
  onTestFinished(async () => {
    await server.stop()
    await server.start(await server.authority.issue(['127.0.0.1', 'localhost']))
  })
}

describe('certificates', () => {
  const ways = () => [{ urls: [server.url] }, { urls: [server.plainUrl] }]

  test('[LP16] LDAPS and StartTLS with a certificate of the named authority, by address and by name', async () => {
    for (const way of ways()) {
      await open(way).check()
      await open({ urls: way.urls.map(url => url.replace('127.0.0.1', 'localhost')) }).check()
    }
  })

  test('[LP16] a certificate of an unknown authority is refused, whatever the environment says', async () => {
    const file = join(server.folder, 'other.pem')
    await writeFile(file, (await makeAuthority()).cert)
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    onTestFinished(() => void vi.unstubAllEnvs())
    for (const way of ways()) {
      const { ca: _, ...system } = server.source
      const source = openLdapSource({ ...system, ...way })
      await expect(source.check()).rejects.toThrow(/authority that is not trusted.*name it in ca/)
      await source.close()
      const other = open({ ...way, ca: file })
      await expect(other.check()).rejects.toThrow(/not trusted/)
      await expect(other.authenticate(aliceId, userPassword)).rejects.toThrow(SourceAway)
    }
  })

  test('[LP16] a certificate for another name, or out of its time, is refused', async () => {
    await withCertificate(['ldap.example.com'])
    for (const way of ways()) await expect(open(way).check()).rejects.toThrow(/made for another name/)
    await withCertificate(['127.0.0.1'], { from: -2, to: -1 })
    for (const way of ways()) await expect(open(way).check()).rejects.toThrow(/not valid now/)
  })

  test('[LP16] nothing is said in clear text, where the server does not begin TLS either', async () => {
    for (const startTls of [undefined, true]) {
      const ldap = await scripted(({ id, operation }) =>
        operation === operations.extended ? [result(id, 0x78, 52, 'no TLS here')] : undefined,
      )
      await expect(open({ urls: [ldap.url], ...(startTls ? { startTls } : {}) }).check()).rejects.toThrow(
        /does not begin TLS \(52 no TLS here\)/,
      )
      expect(ldap.asked.map(({ operation }) => operation)).toEqual([operations.extended])
    }
    for (const url of ['ldap://ldap.example.com', 'ldap://10.0.0.1', 'ldap://127.0.0.1.example.com'])
      expect(() => openLdapSource({ ...server.source, urls: [url], startTls: false })).toThrow(/clear text/)
    await open({ urls: [server.plainUrl], startTls: false }).check()
  })

  test('[LP16] what somebody on the way says in clear text, before TLS begins, counts for nothing', async () => {
    const between = createServer(near => {
      const far = connect(server.port, '127.0.0.1')
      far.once('data', (begun: Buffer) => {
        // Behind the answer to StartTLS: as if the password had been right, and everything found.
        const lies = Array.from({ length: 9 }, (_, i) => [result(i + 1, 0x61), result(i + 1, 0x65)]).flat()
        near.write(Buffer.concat([begun, ...lies, Buffer.from([0x30, 0x82, 0x10])]))
        far.pipe(near)
      })
      near.pipe(far)
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const)
        one.on('error', () => {}).on('close', () => other.destroy())
    })
    between.listen(0, '127.0.0.1')
    await once(between, 'listening')
    onTestFinished(() => void between.close())
    const source = open({ urls: [`ldap://127.0.0.1:${(between.address() as AddressInfo).port}`] })
    expect(await source.authenticate(aliceId, 'wrong')).toBe(false)
    expect(await source.authenticate(aliceId, userPassword)).toBe(true)
  })

  test('[LP22] the file of ca and the password are read anew at each connection', async () => {
    const [ca, secret] = [join(server.folder, 'rotating.pem'), join(server.folder, 'rotating.secret')]
    const source = open({ ca, bindPassword: { file: secret } })
    await expect(source.check()).rejects.toThrow(/its password is missing: The file .*rotating.secret cannot be read/)
    await writeFile(secret, 'reader-secret')
    await expect(source.check()).rejects.toThrow(/rotating.pem of ca cannot be read/)
    await writeFile(ca, server.authority.cert)
    await source.check()
    await writeFile(secret, 'wrong')
    await expect(source.check()).rejects.toThrow(/refuses cn=reader.*Mend bindDn or bindPassword/)
    await writeFile(secret, 'reader-secret\n')
    await source.check()
  })
})

describe('a directory that is away', () => {
  test('[LP17] the first server that answers is asked, and each that did not is told', async () => {
    const proxy = await proxied()
    const good = `ldap://127.0.0.1:${proxy.port}`
    const source = open({ urls: ['ldaps://127.0.0.1:1', 'ldap://no-such-host.invalid', good] })
    await source.check()
    expect(await source.authenticate(aliceId, userPassword)).toBe(true)
    proxy.cut()
    await expect(source.check()).rejects.toThrow(
      new RegExp(
        `staff cannot be asked: ${good} hangs up; ldaps://127.0.0.1:1 takes no connections; .*name is not known`,
      ),
    )
    await expect(source.authenticate(aliceId, userPassword)).rejects.toThrow(SourceAway)
    await expect(source.readOne(aliceId)).rejects.toThrow(SourceAway)
    await expect(source.read(undefined)).rejects.toThrow(SourceAway)
    proxy.heal()
    expect(await source.authenticate(aliceId, userPassword)).toBe(true)
    expect(await source.readOne(aliceId)).toMatchObject({ name: 'alice@example.com' })
  })

  test('[LP17] a restart of the server is not noticed by the next question', async () => {
    const source = open()
    expect(await source.authenticate(aliceId, userPassword)).toBe(true)
    await server.stop()
    await expect(source.authenticate(aliceId, userPassword)).rejects.toThrow(/takes no connections/)
    await server.start()
    expect(await source.authenticate(aliceId, userPassword)).toBe(true)
    await server.stop()
    await server.start()
    expect(await source.authenticate(aliceId, userPassword)).toBe(true)
  })

  test('[LP17] a server that refuses the reading account is told, and no other is tried with the same password', async () => {
    const ldap = await scripted(({ id, operation }) =>
      operation === operations.bind ? [result(id, 0x61, 49, '80090308: data 52e')] : undefined,
    )
    const source = open({ urls: [ldap.url, server.url], startTls: false })
    await expect(source.check()).rejects.toThrow(/refuses cn=reader,dc=example,dc=com. Mend bindDn or bindPassword/)
    expect(ldap.asked.filter(({ operation }) => operation === operations.bind)).toHaveLength(1)
  })

  test('[LP17] a base that is not there is told', async () => {
    await expect(open({ base: `ou=none,${base}` }).check()).rejects.toThrow(/has no ou=none.*Mend base/)
  })

  test('[LP18] a server that does not answer is given up: at the connection, at TLS, at a question, at a bind', async () => {
    const silent = await scripted(() => [])
    const frozen = await proxied()
    frozen.freeze()
    const short = { connectMs: 300, answerMs: 300, signInMs: 300 }
    for (const url of [`ldaps://127.0.0.1:${silent.port}`, silent.url, `ldap://127.0.0.1:${frozen.port}`])
      await expect(inTime(3_000, url, open({ urls: [url] }, { patience: short }).check())).rejects.toThrow(
        /does not answer within 0.3 s/,
      )
    const deaf = await scripted(({ operation }) => (operation === operations.bind ? undefined : []))
    const source = open({ urls: [deaf.url], startTls: false }, { patience: short })
    await expect(inTime(3_000, 'check', source.check())).rejects.toThrow(/broke off: does not answer within 0.3 s/)
    await expect(inTime(3_000, 'read', readAll(source))).rejects.toThrow(/broke off/)
    await expect(inTime(3_000, 'bind', source.authenticate(aliceId, 'x'))).rejects.toThrow(/broke off/)
    const mute = await scripted(() => [])
    await expect(
      inTime(3_000, 'mute', open({ urls: [mute.url], startTls: false }, { patience: short }).check()),
    ).rejects.toThrow(/broke off: does not answer/)
  })

  test('[LP18] a way that froze under a kept connection is found out, and the question asked again', async () => {
    const proxy = await proxied()
    const source = open(
      { urls: [`ldap://127.0.0.1:${proxy.port}`, server.url] },
      { patience: { ...patience, signInMs: 500, connectMs: 500 } },
    )
    expect(await source.readOne(aliceId)).toBeDefined()
    proxy.freeze()
    expect(await inTime(5_000, 'answer', source.readOne(aliceId))).toBeDefined()
    expect(await source.authenticate(aliceId, userPassword)).toBe(true)
  })

  test('[LP19] a signal ends a reading at once, wherever it is, and so does closing', async () => {
    const source = open()
    await expect(source.read(undefined, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
    const ending = new AbortController()
    const reading = await source.read(undefined, ending.signal)
    await expect(async () => {
      for await (const _ of reading.batches) ending.abort(new Error('enough'))
    }).rejects.toThrow('enough')
    // While a page is waited for.
    const deaf = await scripted(({ id, operation, count }) => {
      if (operation !== operations.search) return undefined
      return count < 3 ? [entry(id, base, { entryUUID: [crypto.randomUUID()] }), result(id, 0x65)] : []
    })
    const slow = open({ urls: [deaf.url], startTls: false }, { patience: { ...patience, answerMs: 20_000 } })
    const waiting = new AbortController()
    setTimeout(() => waiting.abort(new Error('enough')), 200)
    await expect(inTime(2_000, 'end', idsOfAll(slow, waiting.signal))).rejects.toThrow('enough')
    const closing = openLdapSource(
      { ...server.source, urls: [deaf.url], startTls: false },
      { patience: { answerMs: 20_000 } },
    )
    setTimeout(() => void closing.close(), 200)
    await expect(inTime(2_000, 'end', idsOfAll(closing))).rejects.toThrow(SourceAway)
    await expect(closing.check()).rejects.toThrow(/is closed/)
  })

  async function idsOfAll(source: DirectorySource, signal?: AbortSignal) {
    for await (const _ of source.ids(signal));
  }

  test('[LP19] a reading that is left in the middle closes its connection', async () => {
    const proxy = await proxied()
    const source = open({ urls: [`ldap://127.0.0.1:${proxy.port}`] })
    for await (const _ of (await source.read(undefined)).batches) break
    for await (const _ of source.ids()) break
    await readAll(source)
    await source.check()
    await expect.poll(() => proxy.connections()).toBe(0)
  })
})

describe('empty passwords', () => {
  test('[LP14] none ever reaches the directory, nor one that only seems to be one', async () => {
    const ldap = await scripted(({ id, operation }) =>
      operation === operations.search
        ? [entry(id, `uid=alice,${base}`, { entryUUID: [aliceId], objectClass: ['inetOrgPerson'] }), result(id, 0x65)]
        : undefined,
    )
    const source = open({ urls: [ldap.url], startTls: false })
    for (const password of ['', '\0', '\0\0', 'x\0', '\0x'])
      expect(await source.authenticate(aliceId, password)).toBe(false)
    expect(ldap.asked).toEqual([])
    // This server says yes to everything that it hears.
    expect(await source.authenticate(aliceId, 'x')).toBe(true)
    expect(await open().authenticate(aliceId, '')).toBe(false)
  })
})

describe('what servers say', () => {
  const granting = (answer: (asked: Asked) => Buffer[] | undefined) =>
    scripted(asked => (asked.operation === operations.search ? answer(asked) : undefined))
  const at = (url: string) => open({ urls: [url], startTls: false })

  test('[LP20] referrals are followed neither in a reading nor at a sign-in', async () => {
    const elsewhere = await scripted(() => undefined)
    const ldap = await granting(({ id }) => [result(id, 0x65, 10, elsewhere.url)])
    await expect(at(ldap.url).check()).rejects.toThrow(/refers to another server .*not followed/)
    const reference = (id: number) => {
      const uri = Buffer.from(elsewhere.url)
      const body = Buffer.from([2, 1, id, 0x73, uri.length + 2, 4, uri.length, ...uri])
      return Buffer.from([0x30, body.length, ...body])
    }
    const parts = await granting(({ id }) => [
      reference(id),
      entry(id, base, { entryUUID: [aliceId] }),
      result(id, 0x65),
    ])
    expect((await readAll(at(parts.url))).names).toEqual(['example.com'])
    const binding = await scripted(({ id, operation }) => {
      if (operation === operations.search)
        return [entry(id, `uid=a,${base}`, { entryUUID: [aliceId], objectClass: ['inetOrgPerson'] }), result(id, 0x65)]
      return operation === operations.bind ? [result(id, 0x61, 10, elsewhere.url)] : undefined
    })
    await expect(at(binding.url).authenticate(aliceId, 'x')).rejects.toThrow(SourceAway)
    expect(elsewhere.asked).toEqual([])
  })

  test('[LP12] more may come after an empty page, but not for ever', async () => {
    let pages = 0
    const ldap = await granting(({ id, bytes }) => {
      if (!bytes.includes('inetOrgPerson')) return [entry(id, base, { entryUUID: [aliceId] }), result(id, 0x65)]
      pages += 1
      if (pages < 4) return [result(id, 0x65, 0, '', Buffer.from('more'))]
      const values = { entryUUID: [crypto.randomUUID()], objectClass: ['inetOrgPerson'], uid: ['late'] }
      return [entry(id, `uid=late,${base}`, values), result(id, 0x65, 0, '', Buffer.alloc(0))]
    })
    expect((await readAll(at(ldap.url))).names).toEqual(['example.com', 'late@example.com'])
    const endless = await granting(({ id }) => [result(id, 0x65, 0, '', Buffer.from('more'))])
    await expect(idsOf(at(endless.url))).rejects.toThrow(SourceAway)
    const forEver = await granting(({ id, bytes }) =>
      bytes.includes('inetOrgPerson')
        ? [result(id, 0x65, 0, '', Buffer.from('more'))]
        : [entry(id, base, { entryUUID: [aliceId] }), result(id, 0x65)],
    )
    await expect(idsOf(at(forEver.url))).rejects.toThrow(/empty pages for ever/)
  })

  test('[LP12] a part is never taken for the whole', async () => {
    const ldap = await granting(({ id, bytes }) =>
      bytes.includes('inetOrgPerson')
        ? [
            entry(id, `uid=a,${base}`, { entryUUID: [crypto.randomUUID()], uid: ['a'] }),
            result(id, 0x65, 4, 'size limit'),
          ]
        : [entry(id, base, { entryUUID: [aliceId] }), result(id, 0x65)],
    )
    await expect(readAll(at(ldap.url))).rejects.toThrow(/only a part .*size limit.*Raise the limits/)
  })

  test.each([
    ['garbage', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['a length without end', [Buffer.from([0x30, 0x80])]],
    ['a length below zero', [Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02, 0x01, 0x02])]],
    ['an answer of another kind', [Buffer.from([0x30, 0x05, 0x02, 0x01, 0x02, 0x7f, 0x00])]],
    ['an empty message', [Buffer.from([0x30, 0x00])]],
    ['half an answer', [Buffer.from([0x30, 0x50, 0x02, 0x01])]],
  ])('[LP21] %s ends the connection and nothing else', async (_, said) => {
    const ldap = await granting(({ socket }) => {
      setTimeout(() => socket.destroy(), 300)
      return said
    })
    await expect(inTime(3_000, 'end', at(ldap.url).check())).rejects.toThrow(SourceAway)
  })

  test('[LP21] bytes by chance never crash it, nor hold it for ever', async () => {
    const ldap = await granting(({ socket }) => {
      setTimeout(() => socket.destroy(), 20)
      return [Buffer.concat([Buffer.from([0x30]), crypto.getRandomValues(Buffer.alloc(200))])]
    })
    for (let i = 0; i < 60; i += 1) await expect(inTime(3_000, 'end', at(ldap.url).check())).rejects.toThrow(SourceAway)
  })

  test('[LP21] entries without id, name or class, and values that are no text, are left out', async () => {
    const left: string[] = []
    const user = (id: number, dn: string, values: Record<string, string[]>) => entry(id, dn, values)
    const ldap = await granting(({ id, bytes }) =>
      bytes.includes('inetOrgPerson')
        ? [
            user(id, `uid=none,${base}`, { uid: ['none'] }),
            user(id, `uid=odd,${base}`, { uid: ['odd'], entryUUID: ['not-an-id'] }),
            user(id, 'no name at all', { uid: ['x'], entryUUID: [crypto.randomUUID()] }),
            user(id, `uid=,${base}`, { uid: [], entryUUID: [crypto.randomUUID()] }),
            user(id, `uid=fine,${base}`, { UID: ['fine'], entryuuid: [crypto.randomUUID().toUpperCase()] }),
            result(id, 0x65),
          ]
        : [entry(id, base, { entryUUID: [aliceId] }), result(id, 0x65)],
    )
    const source = open({ urls: [ldap.url], startTls: false }, { onLeftOut: dn => left.push(dn) })
    expect((await readAll(source)).names).toEqual(['example.com', 'fine@example.com'])
    expect(left).toEqual([`uid=none,${base}`, `uid=odd,${base}`, 'no name at all', `uid=,${base}`])
  })
})

describe('configuration', () => {
  test.each([
    [{ userFilter: '(uid=*' }, /userFilter of the directory staff is no LDAP filter/],
    [{ groupFilter: '((' }, /groupFilter/],
    [{ unitFilter: '(&)x' }, /unitFilter/],
    [{ disabledFilter: 'x)' }, /disabledFilter/],
    [{ base: 'example.com' }, /base of the directory staff is no distinguished name/],
    [{ domain: 'a@b' }, /domain/],
    [{ urls: ['ldaps://'] }, /ldaps:\/\/ names no server/],
  ])('[LP23] %j cannot be meant', (more, sentence) => {
    expect(() => openLdapSource({ ...server.source, ...more })).toThrow(sentence)
  })
})

describe('many at once', () => {
  test('[LP24] sign-ins take turns at a few connections, and each gets its own answer', async () => {
    const proxy = await proxied()
    const source = open({ urls: [`ldap://127.0.0.1:${proxy.port}`] }, { patience: { ...patience, signInMs: 10_000 } })
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, proxy.connections())
    }, 1)
    const all = await Promise.all(
      Array.from({ length: 120 }, (_, i) => source.authenticate(aliceId, i % 3 === 0 ? userPassword : `wrong${i}`)),
    )
    clearInterval(watch)
    expect(all.map((yes, i) => yes === (i % 3 === 0)).every(Boolean)).toBe(true)
    // 16 that bind, the one that looks up, and those that are just being closed.
    expect(most).toBeLessThan(34)
    expect(most).toBeGreaterThan(1)
  })

  test('[LP24] who would wait too long is refused', async () => {
    const mute = await scripted(({ operation }) => (operation === operations.bind ? [] : undefined))
    const source = open({ urls: [mute.url], startTls: false }, { patience: { ...patience, signInMs: 300 } })
    const all = await Promise.allSettled(Array.from({ length: 700 }, () => source.authenticate(aliceId, 'x')))
    const said = all.map(one => (one.status === 'rejected' ? String(one.reason.message) : 'answered'))
    expect(said.filter(text => /Too many sign-ins wait/.test(text)).length).toBeGreaterThan(150)
    expect(said).not.toContain('answered')
  })
})
