import { argon2Sync, randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { groupId, type Model, sessionToken, userPassword } from './model.ts'
import { textLength, words } from './post-text.ts'
import type { Site } from './site.ts'

/** Messages of the past in each room: their places are below those of the load. */
export const HISTORY = 10

/** Older than the time for which client ids are kept. */
const historyDays = 40
/** F2.4: 100 to 200 affiliations a user. They come by a team that stands in many groups; those of rooms come on top. */
const general = 2_000
const usersOfTeam = 40
const leastGroups = 92
const moreGroups = 89
/** Numbers of groups beyond those of rooms. */
const firstTeam = 10_000_000
const firstGeneral = 11_000_000
const rivals = 12_000_000
const BATCH = 100_000
/** md5 as a UUID, as model.ts makes it. */
const id = (kind: string, number: string) => `md5('${kind} ' || ${number})::uuid`

export type Provisioned = { entries: number; affiliations: number; seconds: number }

/** Puts the model into an empty store, as the verbs would have left it: through them 80,000 users would take hours. */
export async function provision(site: Pick<Site, 'asAdmin' | 'databaseUrl'>, model: Model): Promise<Provisioned> {
  const startedAt = performance.now()
  const db = new Client(site.databaseUrl)
  await db.connect()
  try {
    const unit = await site.asAdmin('principal.create', {
      kind: 'organizationalUnit',
      name: 'Load',
      displayName: 'Load',
    })
    await begin(db)
    await putPeople(db, model, unit.principal.id)
    await db.query('COMMIT')
    const categories = await createCategories(site, unit.principal.id)
    await begin(db)
    await putRooms(db, model, categories)
    await putFollows(db, model)
    const entries = await putEntries(db, model)
    await putHistory(db, model)
    const affiliations = await putAffiliations(db)
    await db.query('COMMIT')
    await db.query('VACUUM ANALYZE')
    await db.query('CHECKPOINT')
    return { entries, affiliations, seconds: (performance.now() - startedAt) / 1000 }
  } finally {
    await db.end()
  }
}

async function begin(db: Client): Promise<void> {
  await db.query('BEGIN')
  // As a restore does: no checks of references, row by row, for millions of rows.
  await db.query('SET LOCAL session_replication_role = replica')
  await db.query('SET LOCAL synchronous_commit = off')
  await db.query("SET LOCAL work_mem = '256MB'")
  await db.query("SET LOCAL maintenance_work_mem = '512MB'")
}

/** All in the domain and the unit; behind the wall without the rivals. */
async function createCategories(site: Pick<Site, 'asAdmin'>, unit: string): Promise<{ usual: string; walled: string }> {
  const scope = { allowedMembers: ['example.com', unit] }
  const usual = await site.asAdmin('category.create', { name: 'Load', ...scope })
  const walled = await site.asAdmin('category.create', {
    name: 'Load behind the wall',
    ...scope,
    deniedMembers: [groupId(rivals)],
  })
  return { usual: usual.category.id, walled: walled.category.id }
}

async function putPeople(db: Client, model: Model, unit: string): Promise<void> {
  const { users } = model
  const teams = Math.ceil(users / usersOfTeam)
  await db.query(
    `INSERT INTO principal (id, kind, name, name_key, display_name, password_hash)
     SELECT ${id('user', 'n')}, 'user', 'user' || n || '@example.com', 'user' || n || '@example.com', 'User ' || n, $1
       FROM generate_series(0, ${users - 1}) n`,
    [passwordHash()],
  )
  await db.query('CREATE TEMP TABLE in_group (grp int, usr int) ON COMMIT PRESERVE ROWS')
  const inGroup = openRows(db, 'INSERT INTO in_group SELECT * FROM unnest($1::int[], $2::int[])', 2)
  for (let room = 0; room < model.rooms; room += 1)
    for (const { group, members } of model.groupsOf(room)) for (const user of members) await inGroup.add(group, user)
  for (let user = 0; user < users; user += 1) {
    await inGroup.add(firstTeam + (user % teams), user)
    if (model.isRival(user)) await inGroup.add(rivals, user)
  }
  await inGroup.end()
  await db.query(
    `INSERT INTO principal (id, kind, name, name_key, display_name, parent)
     SELECT ${id('group', 'grp')}, 'group', 'group ' || grp, 'group ' || grp, 'Group ' || grp, $1
       FROM (SELECT DISTINCT grp FROM in_group UNION SELECT generate_series(${firstGeneral}, ${firstGeneral + general - 1})
             UNION SELECT ${rivals}) g`,
    [unit],
  )
  await db.query(
    `INSERT INTO group_member (grp, member)
     SELECT ${id('group', 'grp')}, ${id('user', 'usr')} FROM in_group UNION ALL
     SELECT ${id('group', `${firstGeneral} + (t * 7 + g * 41) % ${general}`)}, ${id('group', `${firstTeam} + t`)}
       FROM generate_series(0, ${teams - 1}) t, generate_series(1, ${leastGroups} + t * 37 % ${moreGroups}) g
      ORDER BY 1, 2`,
  )
  await putSessions(db, model)
}

async function putSessions(db: Client, model: Model): Promise<void> {
  const rows = openRows(
    db,
    `INSERT INTO session (principal, token_hash, kind, address, expires_at)
     SELECT ${id('user', 'usr')}, sha256(convert_to(token, 'UTF8')), 'person', '127.0.0.1', now() + interval '30 days'
       FROM unnest($1::int[], $2::text[]) AS s (usr, token)`,
    2,
  )
  for (let session = 0; session < model.sessions; session += 1)
    await rows.add(model.userOf(session), sessionToken(session))
  await rows.end()
}

async function putRooms(db: Client, model: Model, { usual, walled }: { usual: string; walled: string }): Promise<void> {
  const rows = openRows(
    db,
    `WITH made AS (
       INSERT INTO room (id, name, name_key, type, privacy, created_by)
       SELECT ${id('room', 'n')}, 'Room ' || n, 'room ' || n, type, privacy, (SELECT id FROM principal WHERE administrator LIMIT 1)
         FROM unnest($1::int[], $2::text[], $3::text[]) AS r (n, type, privacy) RETURNING id, name_key, privacy),
     head AS (
       INSERT INTO room_head (room, category, last_seq, last_at)
       SELECT id, CASE privacy WHEN 'secret' THEN '${walled}'::uuid ELSE '${usual}' END, ${HISTORY}, now() - interval '${historyDays} days'
         FROM made)
     INSERT INTO taken_name (name_key, owner) SELECT name_key, id FROM made`,
    3,
  )
  for (let room = 0; room < model.rooms; room += 1) {
    const privacy = model.isOpen(room) ? 'open' : model.isSecret(room) ? 'secret' : 'closed'
    await rows.add(room, model.isAuditorium(room) ? 'auditorium' : 'normal', privacy)
  }
  await rows.end()
}

/** Each follows his rooms, and has read all but the last messages of the past. */
async function putFollows(db: Client, model: Model): Promise<void> {
  await db.query('CREATE TEMP TABLE follow (usr int, room int) ON COMMIT DROP')
  const rows = openRows(db, 'INSERT INTO follow SELECT * FROM unnest($1::int[], $2::int[])', 2)
  for (let user = 0; user < model.users; user += 1) for (const room of model.roomsOf(user)) await rows.add(user, room)
  await rows.end()
  await db.query(
    `INSERT INTO room_user (member, room, followed, read_seq)
     SELECT ${id('user', 'usr')}, ${id('room', 'room')}, true, ${HISTORY - 2} FROM follow ORDER BY 1, 2`,
  )
}

async function putEntries(db: Client, model: Model): Promise<number> {
  await db.query('CREATE TEMP TABLE entry (room int, role int, kind text, number int) ON COMMIT DROP')
  const rows = openRows(db, 'INSERT INTO entry SELECT * FROM unnest($1::int[], $2::int[], $3::text[], $4::int[])', 4)
  for (let room = 0; room < model.rooms; room += 1) {
    const groups = model.groupsOf(room)
    const members = groups.length > 0 || model.isOpen(room) ? [] : model.membersOf(room)
    for (const { group } of groups) await rows.add(room, 0, 'group', group)
    for (const user of members) await rows.add(room, 0, 'user', user)
    for (const user of model.managersOf(room)) await rows.add(room, 1, 'user', user)
    for (const user of model.presentersOf(room)) await rows.add(room, 2, 'user', user)
  }
  await rows.end()
  const { rowCount } = await db.query(
    `INSERT INTO room_entry (room, role, principal, added_by)
     SELECT ${id('room', 'room')}, role, md5(kind || ' ' || number)::uuid, (SELECT id FROM principal WHERE administrator LIMIT 1)
       FROM entry ORDER BY 1, 2, 3`,
  )
  return rowCount ?? 0
}

async function putHistory(db: Client, model: Model): Promise<void> {
  const text = `rpad('Message ' || seq || ' of the past: ' || (ARRAY[${words.map(word => `'${word}'`)}])[(n + seq) % ${words.length} + 1], ${textLength}, ' and so on')`
  await withoutIndexes(db, 'message', () =>
    db.query(
      `INSERT INTO message (room, seq, author, client_id, at, text)
       SELECT ${id('room', 'n')}, seq, ${id('user', `(n * 31 + seq * 7) % ${model.users}`)}, gen_random_uuid(),
              now() - interval '${historyDays} days' - (${HISTORY} - seq) * interval '1 minute', ${text}
         FROM generate_series(0, ${model.rooms - 1}) n, generate_series(1, ${HISTORY}) seq`,
    ),
  )
}

/** Flattened as store/affiliation does it, but for all at once, in the order of the key. */
async function putAffiliations(db: Client): Promise<number> {
  // Without knowing how many there are, each user's groups would be looked for from the beginning.
  await db.query('ANALYZE principal, group_member')
  const made = await withoutIndexes(db, 'affiliation', () =>
    db.query(
      `INSERT INTO affiliation
       SELECT u.id, a.ancestor
         FROM (SELECT id, kind, parent FROM principal WHERE name_key LIKE 'user%@example.com' OR name_key LIKE 'group %' ORDER BY id) u
        CROSS JOIN LATERAL (
              SELECT u.id AS ancestor
              UNION ALL SELECT u.parent WHERE u.parent IS NOT NULL
              UNION ALL SELECT id FROM principal WHERE u.kind = 'user' AND kind = 'domain' AND name_key = 'example.com'
              UNION ALL SELECT grp FROM group_member WHERE member = u.id
              UNION ALL SELECT h.grp FROM group_member g JOIN group_member h ON h.member = g.grp WHERE g.member = u.id
               ORDER BY 1) a`,
    ),
  )
  // Everybody's rights may have changed, as far as servers know that run already.
  await db.query(
    `WITH raised AS (UPDATE stamp SET version = version + 1 WHERE kind = 'directory' RETURNING version),
          told AS (INSERT INTO change (kind) VALUES ('directory'))
     INSERT INTO directory_change (version, principal) SELECT version, '00000000-0000-0000-0000-000000000000' FROM raised`,
  )
  return made.rowCount ?? 0
}

/** Indexes that no key needs are dropped and made anew: in one go they cost a tenth of what they cost row by row. */
async function withoutIndexes<T>(db: Client, table: string, work: () => Promise<T>): Promise<T> {
  const { rows } = await db.query<{ name: string; definition: string }>(
    `SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass AND NOT i.indisunique`,
    [table],
  )
  for (const { name } of rows) await db.query(`DROP INDEX ${name}`)
  const done = await work()
  for (const { definition } of rows) await db.query(definition)
  return done
}

type Rows = { add(...values: (number | string)[]): Promise<void>; end(): Promise<void> }

/** Rows as arrays of columns, many a statement. */
function openRows(db: Client, statement: string, width: number): Rows {
  let columns: (number | string)[][] = Array.from({ length: width }, () => [])
  const send = async () => {
    const full = columns
    columns = Array.from({ length: width }, () => [])
    await db.query(statement, full)
  }
  return {
    async add(...values) {
      for (const [place, column] of columns.entries()) column.push(values[place]!)
      if (columns[0]!.length >= BATCH) await send()
    },
    async end() {
      if (columns[0]!.length > 0) await send()
    },
  }
}

/** One for all: to hash 80,000 passwords would take longer than all else. As src/directory/password-hash has it. */
function passwordHash(): string {
  const cost = { memory: 19_456, passes: 2, parallelism: 1 }
  const salt = randomBytes(16)
  const tag = argon2Sync('argon2id', { message: userPassword, nonce: salt, tagLength: 32, ...cost })
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(salt)}$${base64(tag)}`
}
