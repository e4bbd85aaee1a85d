import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../src/store/db.ts'
import { openSocket } from './malformed-socket.ts'
import type { Target } from './malformed-target.ts'

/** Does over both doors what changes nothing, all the time, and is always answered. */
export function openGoodClient(target: Target, fault: (text: string) => void) {
  let stopped = false
  let answers = 0
  const post = { room: target.names.room, clientId: target.names.room, text: 'good' }
  const run = (async () => {
    const socket = await openSocket(target.url, target.member)
    while (!stopped) {
      const asked = [socket.ask('message.post', post), socket.ask('message.list', { room: post.room })]
      for (const answer of await Promise.all(asked))
        if (answer === 'gone' || answer.error) fault(`the good client: ${JSON.stringify(answer)}`)
        else answers += 1
      const response = await fetch(`${target.url}/healthz`)
      if (response.status !== 200) fault(`the good client: healthz ${response.status}`)
      answers += 1
      await sleep(20)
    }
    socket.end()
  })().catch((error: Error) => fault(`the good client: ${error.message} ${error.cause ?? ''}`))
  return {
    async end() {
      stopped = true
      await run
      return answers
    },
  }
}

/** What each table holds, except what only tells of time passing: `last_used_at` of sessions, news for hubs, beats, failed sign-ins; and how far a room was looked through. */
export async function readRows(db: Db): Promise<Record<string, string>> {
  const { rows: tables } = await db.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`,
  )
  const found: Record<string, string> = {}
  for (const { name } of tables) {
    if (['change', 'sign_in_failure', 'server_process', 'denial_look'].includes(name)) continue
    // Counted in the background.
    if (/^usage_|^pool_count$/.test(name)) continue
    const row = name === 'session' ? 't.id::text' : 't::text'
    const { rows } = await db.query<{ n: number; sum: string }>(
      `SELECT count(*) AS n, coalesce(md5(string_agg(md5(${row}), '' ORDER BY md5(${row}))), '') AS sum FROM ${name} t`,
    )
    found[name] = `${rows[0]!.n} rows (${rows[0]!.sum.slice(0, 8)})`
  }
  return found
}
