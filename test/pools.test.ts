import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { signHandOver } from '../src/chat/hand-over-ticket.ts'
import { purgeHandOvers } from '../src/store/hand-over.ts'
import { askHttp } from './ask-http.ts'
import { type Person, password } from './harness.ts'
import { arrive, challengeOf, giveTicket, newVerifier, openTwoPools, type TwoPools } from './two-pools.ts'

let pools: TwoPools
/** With one account in each pool, and nothing else in common. */
let ann: Person
let made = 0
beforeAll(async () => {
  pools = await openTwoPools()
}, 60_000)
afterAll(() => pools?.stop())
beforeEach(async () => {
  made += 1
  ann = await both(`ann${made}@example.com`)
})

/** Somebody who is in both; signed in at the main pool. */
async function both(name: string): Promise<Person> {
  await addNorth(name)
  return pools.main.addUser(name)
}

async function addNorth(name: string): Promise<void> {
  await pools.north.admin.call('principal.create', { kind: 'user', name, displayName: name, password })
}

const stale = { error: { code: 'unauthenticated', message: expect.stringContaining('counts no more') } }
const lastRecord = async (person: Person) => (await person.call('session.record', {})).entries[0]

test('[PL2] who signs in is told all pools by display name, with his own and the default one marked; strangers are told none', async () => {
  const { main, north } = pools
  const known = [
    { name: 'pchat', displayName: 'Main rooms', url: main.url, own: true, default: true },
    { name: 'north', displayName: 'North rooms', url: north.url, handOver: true },
  ]
  expect((await askHttp(main.url, undefined, 'session.signIn', { user: ann.me.name, password })).result?.pools).toEqual(
    known,
  )
  const live = await ann.open()
  expect(live.opened.pools).toEqual(known)
  expect((await live.call('pool.list', {})).pools).toEqual(known)
  await live.close()
  expect((await north.admin.call('pool.list', {})).pools).toEqual([
    { name: 'pchat', displayName: 'Main rooms', url: main.url, default: true, handOver: true },
    { name: 'north', displayName: 'North rooms', url: north.url, own: true },
  ])
  expect((await askHttp(main.url, undefined, 'pool.list', {})).error?.code).toBe('unauthenticated')
})

test('[PL2] where there is one pool, or this server is of none of them, nothing is said of pools', async () => {
  const { places } = pools
  const [first, second] = places.splice(0)
  for (const few of [[], [first!], [second!, { ...second!, name: 'south', displayName: 'South' }]]) {
    places.push(...few)
    const { result } = await askHttp(pools.main.url, undefined, 'session.signIn', { user: ann.me.name, password })
    expect(result?.token).toBeDefined()
    expect(result).not.toHaveProperty('pools')
    expect((await ann.call('pool.list', {})).pools).toEqual([])
    places.splice(0)
  }
  places.push(first!, second!)
})

test('[PL3] a sign-in is handed over without a password, to the same account, once', async () => {
  const ticket = await giveTicket(ann, 'north')
  const [one, other] = await Promise.all([arrive(pools.north, ticket), arrive(pools.north, ticket)])
  const [came, refused] = one.result ? [one, other] : [other, one]
  expect(came.result?.me.name).toBe(ann.me.name)
  expect(refused).toMatchObject(stale)
  expect(await arrive(pools.north, ticket)).toMatchObject(stale)
  const there = pools.north.person(came.result!.token)
  expect((await there.call('session.list', {})).sessions).toMatchObject([{ handedOverFrom: 'Main rooms' }])
  expect((await there.call('pool.list', {})).pools.find(one => one.own)?.name).toBe('north')
})

test('[PL3] a ticket is for the pool that it names and for who asked for it; no other key, pool or time makes one', async () => {
  const { main, north, keys } = pools
  const verifier = newVerifier()
  const fit = {
    ...{
      from: 'pchat',
      to: 'north',
      account: ann.me.name,
      source: '',
      byFactor: false,
      since: new Date(),
      until: null,
    },
    challenge: challengeOf(verifier),
  }
  const sign = (change: Partial<typeof fit> | { until: Date } = {}, now = Date.now(), key = keys[0]!) =>
    signHandOver(key, { ...fit, ...change }, now)
  const answers = {
    'of this very pool': await arrive(north, { handOver: await sign({ from: 'north' }), verifier }),
    'of a pool that nobody knows': await arrive(north, { handOver: await sign({ from: 'south' }), verifier }),
    'for another pool': await arrive(north, { handOver: await sign({ to: 'south' }), verifier }),
    'shown elsewhere': await arrive(main, { handOver: await sign(), verifier }),
    'with another secret': await arrive(north, { handOver: await sign(), verifier: newVerifier() }),
    'with the hash in place of the secret': await arrive(north, { handOver: await sign(), verifier: fit.challenge }),
    'of another key': await arrive(north, { handOver: await sign({}, Date.now(), randomBytes(32)), verifier }),
    'a minute old': await arrive(north, { handOver: await sign({}, Date.now() - 62_000), verifier }),
    'of a clock that is ahead': await arrive(north, { handOver: await sign({}, Date.now() + 40_000), verifier }),
    'of a sign-in that has ended': await arrive(north, { handOver: await sign({ until: new Date(1e12) }), verifier }),
    'no ticket at all': await arrive(north, { handOver: 'x'.repeat(10_000), verifier }),
  }
  for (const [what, answer] of Object.entries(answers)) expect(answer, what).toMatchObject(stale)
  const messages = new Set(Object.values(answers).map(answer => answer.error?.message))
  expect(messages.size).toBe(1)
  // Clocks may differ by half a minute either way.
  for (const ms of [-25_000, 25_000])
    expect((await arrive(north, { handOver: await sign({}, Date.now() + ms), verifier })).result?.me.name).toBe(
      ann.me.name,
    )
})

test('[PL4] a ticket with any byte changed, cut or doubled is refused with the one answer, and none of them uses the true one up', async () => {
  const { handOver, verifier } = await giveTicket(ann, 'north')
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const changed = [...handOver].flatMap((letter, i) => {
    const at = letters.indexOf(letter)
    const others = at < 0 ? ['x', ''] : [letters[(at + 1) % 64]!, letters[(at + 32) % 64]!]
    return others.map(one => handOver.slice(0, i) + one + handOver.slice(i + 1))
  })
  const bent = [
    `${handOver}=`,
    `${handOver} `,
    ` ${handOver}`,
    `${handOver}.`,
    handOver.slice(0, -1),
    handOver.slice(1),
  ]
  const parts = handOver.split('.')
  const none = Buffer.from('{"alg":"none","typ":"pchat-hand-over+jwt"}').toString('base64url')
  const unsigned = [`${none}.${parts[1]}.`, `${none}.${parts[1]}.${parts[2]}`, `${parts[0]}.${parts[1]}.`]
  const messages = new Set<string>()
  const all = [...changed, ...bent, ...unsigned]
  for (let from = 0; from < all.length; from += 50)
    for (const answer of await Promise.all(
      all.slice(from, from + 50).map(one => arrive(pools.north, { handOver: one, verifier })),
    )) {
      expect(answer).toMatchObject(stale)
      messages.add(answer.error!.message)
    }
  expect(messages.size).toBe(1)
  expect((await arrive(pools.north, { handOver, verifier })).result?.me.name).toBe(ann.me.name)
})

test('[PL5] it opens an enabled account of the same name and source only, and tells others nothing but that', async () => {
  const { main, north } = pools
  const refused = { error: { code: 'forbidden', message: expect.stringContaining('opens no account here') } }
  const alone = await main.addUser(`alone${made}@example.com`)
  expect(await arrive(north, await giveTicket(alone, 'north'))).toMatchObject(refused)
  await north.admin.call('principal.update', { principal: ann.me.name, disabled: true })
  const disabled = await arrive(north, await giveTicket(ann, 'north'))
  expect(disabled).toMatchObject(refused)
  await north.admin.call('principal.update', { principal: ann.me.name, disabled: false })
  await north.db.query("UPDATE principal SET source = 'corp' WHERE name = $1", [ann.me.name])
  expect(await arrive(north, await giveTicket(ann, 'north'))).toEqual(disabled)
  await main.db.query("UPDATE principal SET source = 'corp' WHERE name = $1", [ann.me.name])
  expect((await arrive(north, await giveTicket(ann, 'north'))).result?.me.name).toBe(ann.me.name)
  // Names are one whatever their case.
  await main.db.query('UPDATE principal SET name = upper(name) WHERE name = $1', [ann.me.name])
  expect((await arrive(north, await giveTicket(ann, 'north'))).result?.me.name).toBe(ann.me.name)
})

test('[PL5] a bot hands nothing over, and no ticket opens one', async () => {
  const { main, north } = pools
  const name = `bot${made}@example.com`
  const { token } = await main.admin.call('bot.create', { name, displayName: 'bot' })
  await addNorth(name)
  expect(await main.person(token).code('session.handOver', { pool: 'north', challenge: 'x'.repeat(43) })).toBe(
    'forbidden',
  )
  const [verifier, user] = [newVerifier(), `robot${made}@example.com`]
  await north.admin.call('bot.create', { name: user, displayName: 'bot' })
  const handOver = await signHandOver(pools.keys[0]!, {
    ...{ from: 'pchat', to: 'north', account: user, source: '', byFactor: true, since: new Date(), until: null },
    challenge: challengeOf(verifier),
  })
  expect((await arrive(north, { handOver, verifier })).error?.code).toBe('forbidden')
})

test('[PL5] a locked name is locked for this way too, and whoever is refused locks nobody out', async () => {
  const { main, north } = pools
  for (let i = 0; i < 11; i += 1) await arrive(north, { user: ann.me.name, password: 'wrong' })
  const ticket = await giveTicket(ann, 'north')
  expect((await arrive(north, ticket)).error).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
  await north.db.query('DELETE FROM sign_in_failure')
  expect((await arrive(north, ticket)).result?.me.name).toBe(ann.me.name)
  const name = `dan${made}@example.com`
  const dan = await main.addUser(name)
  for (let i = 0; i < 12; i += 1) await arrive(north, await giveTicket(dan, 'north'))
  await addNorth(name)
  expect((await arrive(north, { user: name, password })).result?.me.name).toBe(name)
})

test('[PL8] it lasts no longer than where it came from, nor does what is let in from it; and it proves nothing', async () => {
  const { main, north } = pools
  await main.db.query("UPDATE session SET expires_at = now() + interval '3 hours' WHERE principal = $1", [ann.me.id])
  const came = await arrive(north, await giveTicket(ann, 'north'))
  const there = north.person(came.result!.token)
  const hours = async (person: Person) => {
    const { sessions } = await person.call('session.list', {})
    return (Date.parse(sessions.find(one => one.current)!.expiresAt!) - Date.now()) / 3_600_000
  }
  expect(await hours(there)).toBeGreaterThan(2.9)
  expect(await hours(there)).toBeLessThanOrEqual(3)
  expect(await there.code('factor.recoveryCodes', {})).toBe('proof_required')
  const device = async (path: string, body: object) =>
    (
      await fetch(`${north.url}/web/device/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${there.token}` },
        body: JSON.stringify(body),
      })
    ).json() as Promise<Record<string, string>>
  const { deviceCode, userCode } = await device('begin', { client: 'a shell' })
  await device('confirm', { userCode, allow: true })
  const polled = await device('poll', { deviceCode })
  expect(await hours(north.person(polled.token!))).toBeLessThanOrEqual(3)
  // And back: it does not grow.
  const back = await arrive(main, await giveTicket(there, 'pchat'))
  expect(await hours(main.person(back.result!.token))).toBeLessThanOrEqual(3)
  // Longer there than here: the rules here.
  await main.db.query("UPDATE session SET expires_at = now() + interval '300 days' WHERE principal = $1", [ann.me.id])
  const long = await arrive(north, await giveTicket(ann, 'north'))
  expect(await hours(north.person(long.result!.token))).toBeLessThanOrEqual(30 * 24)
})

test('[PL8] a sign-in that a provider vouches for is handed over for eight hours at most', async () => {
  const { main, north } = pools
  await main.db.query(
    "INSERT INTO oidc_session (session, provider, subject, check_after) SELECT id, 'okta', 's', now() + interval '1 day' FROM session WHERE principal = $1",
    [ann.me.id],
  )
  const came = await arrive(north, await giveTicket(ann, 'north'))
  const { sessions } = await north.person(came.result!.token).call('session.list', {})
  const hours = (Date.parse(sessions[0]!.expiresAt!) - Date.now()) / 3_600_000
  expect(hours).toBeGreaterThan(7.9)
  expect(hours).toBeLessThanOrEqual(8)
})

test('[PL9] both records say what was handed over and to whom, and the one there who was refused', async () => {
  const { north } = pools
  const ticket = await giveTicket(ann, 'north')
  expect(await lastRecord(ann)).toMatchObject({ method: 'hand-over', outcome: 'given', pool: 'North rooms' })
  const there = north.person((await arrive(north, ticket)).result!.token)
  expect(await lastRecord(there)).toMatchObject({ method: 'hand-over', outcome: 'ok', pool: 'Main rooms' })
  await arrive(north, ticket)
  expect(await lastRecord(there)).toMatchObject({ method: 'hand-over', outcome: 'wrong', pool: 'Main rooms' })
})

test('[PL9] compliance of each pool records it, and which pool it was', async () => {
  const { main, north } = pools
  for (const { db } of [main, north]) await db.query('UPDATE pool SET recording = true')
  try {
    const there = north.person((await arrive(north, await giveTicket(ann, 'north'))).result!.token)
    await lastRecord(ann)
    await lastRecord(there)
    const recorded = async ({ db }: typeof main) =>
      (await db.query("SELECT data FROM outbox WHERE kind = 'sign-in' AND data->>'method' = 'hand-over'")).rows
    expect(await recorded(main)).toMatchObject([{ data: { outcome: 'given', pool: 'North rooms' } }])
    expect(await recorded(north)).toMatchObject([{ data: { outcome: 'ok', pool: 'Main rooms' } }])
  } finally {
    for (const { db } of [main, north]) await db.query('UPDATE pool SET recording = false')
  }
})

test('[PL11] the newest key signs and every one is taken; without any nothing is handed over; a pool that is gone is not believed', async () => {
  const { main, north, keys, places } = pools
  const before = await giveTicket(ann, 'north')
  keys.unshift(randomBytes(32))
  expect((await arrive(north, before)).result?.me.name).toBe(ann.me.name)
  const after = await giveTicket(ann, 'north')
  const old = keys.pop()!
  expect((await arrive(north, after)).result?.me.name).toBe(ann.me.name)
  const late = await giveTicket(ann, 'north')
  const [kept] = keys.splice(0)
  expect(await arrive(north, late)).toMatchObject(stale)
  expect(await ann.code('session.handOver', { pool: 'north', challenge: 'x'.repeat(43) })).toBe('conflict')
  expect((await ann.call('pool.list', {})).pools.some(one => one.handOver)).toBe(false)
  keys.push(kept!)
  const gone = await giveTicket(ann, 'north')
  const [first] = places.splice(0, 1)
  places.unshift({ ...first!, name: 'south' })
  expect(await arrive(north, gone)).toMatchObject(stale)
  places.splice(0, 1, first!)
  expect(await ann.code('session.handOver', { pool: 'pchat', challenge: 'x'.repeat(43) })).toBe('not_found')
  expect(old).not.toEqual(kept)
  expect(main.url).not.toBe(north.url)
})

test('[PL3] what was taken is forgotten when no clock could count it any more', async () => {
  const { north } = pools
  await arrive(north, await giveTicket(ann, 'north'))
  const { rows } = await north.db.query<{ minutes: number }>(
    'SELECT min(extract(epoch FROM expires_at - now()))::float8 / 60 AS minutes FROM hand_over_taken',
  )
  expect(rows[0]!.minutes).toBeGreaterThan(5)
  await north.db.query("UPDATE hand_over_taken SET expires_at = now() - interval '1 second'")
  await purgeHandOvers(north.db)
  expect((await north.db.query('SELECT FROM hand_over_taken')).rowCount).toBe(0)
})

test('[PL5] a hand-over takes back no wrong password that was counted before', async () => {
  const { north } = pools
  const failures = async () =>
    (
      await north.db.query<{ failures: number }>('SELECT failures FROM sign_in_failure WHERE name_key = $1', [
        ann.me.name,
      ])
    ).rows[0]?.failures
  for (let i = 0; i < 3; i += 1)
    await askHttp(north.url, undefined, 'session.signIn', { user: ann.me.name, password: 'a wrong one' })
  expect(await failures()).toBe(3)
  expect((await arrive(north, await giveTicket(ann, 'north'))).result?.me.name).toBe(ann.me.name)
  expect(await failures()).toBe(3)
})

// Last: it ends the administrators' sign-ins as well.
