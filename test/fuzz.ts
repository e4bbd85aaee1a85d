import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Act, acts, postHot } from './fuzz-acts.ts'
import { openFuzzClient } from './fuzz-client.ts'
import { compare } from './fuzz-compare.ts'
import { openOracle } from './fuzz-oracle.ts'
import { makeRooms, type World } from './fuzz-world.ts'
import type { Site } from './harness.ts'
import { numberOption, openRandom } from './random.ts'

export type FuzzOptions = { seed: number; steps: number; servers: 1 | 2 }
export type FuzzReport = {
  seed: number
  done: Record<string, number>
  posts: number
  drops: number
  losses: number
  faults: string[]
}

/** Refusals that the course of things brings; anything else is a fault. */
const usual = /^(not_found|forbidden|room_disabled|history_off|conflict|unavailable|invalid_argument)$/

/** Users on several devices do at random what users do while administrators change who may, connections break, and at the end all have the same. */
export async function runFuzz(site: Site, { seed, steps, servers }: FuzzOptions): Promise<FuzzReport> {
  const random = openRandom(seed)
  const faults: string[] = []
  const fault = (text: string) => {
    if (faults.length < 20) faults.push(text)
  }
  const others = servers === 2 ? [await site.another()] : []
  const users = await Promise.all([0, 1, 2, 3].map(n => site.addUser(`user${n}@example.com`)))
  const admins = [site.admin, ...others.map(other => other.at(site.admin))]
  const made = await makeRooms(site, users)
  // Few messages at once, so that who was away has gaps to fill.
  await site.admin.call('settings.update', { settings: { defaultChatHistory: 4 } })
  const oracle = openOracle(site, users, made.rooms, fault)
  await oracle.begin()
  const urls = [site.url, ...others.map(other => other.url)]
  const clients = users.flatMap((user, n) =>
    [0, 1].map(device =>
      openFuzzClient({
        name: `user${n}/${device}`,
        user,
        url: urls[(n + device) % urls.length]!,
        heard: oracle.heard,
        fault,
      }),
    ),
  )
  const world: World = {
    random,
    users,
    admins,
    clients,
    ...made,
    passing: new Set(),
    posted: new Map(),
    hot: made.rooms[0]!,
    fault,
  }
  await Promise.all(clients.map(({ client }) => client.ready()))
  await Promise.all(clients.map(({ client }) => Promise.all(made.rooms.map(room => client.join(room).catch(() => {})))))

  const attempt = (act: Act): Promise<void> =>
    act.run(world).then(
      () => {},
      (error: { code?: string; message: string }) => {
        const code = error.code ?? /^\S+: (\w+) /.exec(error.message)?.[1] ?? ''
        if (!usual.test(code)) fault(`${act.name}: ${error.message}`)
      },
    )
  const done: Record<string, number> = {}
  const pending: Promise<void>[] = []
  const turns = acts.flatMap(act => Array.from({ length: act.weight }, () => act))
  for (let step = 0; step < steps; step += 1) {
    const act = random.pick(turns)
    done[act.name] = (done[act.name] ?? 0) + 1
    if (act.changesRights) {
      // Changes of rights follow each other, so that it is known who had which right when; what is posted right behind leaks first.
      const behind = random.chance(0.7)
      await oracle.around(
        () => attempt(act),
        () => behind && pending.push(attempt(postHot)),
      )
    } else pending.push(attempt(act))
    if (random.chance(0.5)) await sleep(random.below(15))
  }
  await Promise.all(pending)
  await world.admins[0]!.call('settings.get', {})
  await compare(world, oracle.mayRead, 'live')
  for (const client of clients) client.drop()
  await Promise.all(clients.map(client => client.synced()))
  await compare(world, oracle.mayRead, 'resumed')
  for (const { client } of clients) client.close()
  const drops = clients.reduce((sum, client) => sum + client.drops(), 0)
  return { seed, done, posts: world.posted.size, drops, losses: oracle.losses(), faults }
}

// A database comes with the tests' runner alone.
if (import.meta.main) {
  const args = process.argv.slice(2)
  const env = {
    ...process.env,
    PCHAT_SEED: String(numberOption(args, 'seed', Date.now() % 2 ** 31)),
    PCHAT_FUZZ_STEPS: String(numberOption(args, 'steps', 400)),
    PCHAT_FUZZ_RUNS: String(numberOption(args, 'runs', 1)),
  }
  const root = fileURLToPath(new URL('..', import.meta.url))
  const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', 'test/fuzz.test.ts', '-t', 'random seed']
  process.exitCode = spawnSync(vitest[0]!, vitest.slice(1), { cwd: root, env, stdio: 'inherit' }).status ?? 1
}
