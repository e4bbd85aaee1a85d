import { randomInt } from 'node:crypto'
import { progress } from '../figures.ts'
import { type Agents, startAgents } from './agents.ts'
import { type Findings, toReport } from './conclude.ts'
import { openModel } from './model.ts'
import type { LoadOptions } from './options.ts'
import { planOf, profiles } from './profiles.ts'
import { provision } from './provision.ts'
import type { LoadReport } from './report.ts'
import { openRoomTable } from './room-table.ts'
import { startSampler } from './sampler.ts'
import { startSite } from './site.ts'
import { openStage, type Stage } from './stage.ts'
import { readTruth } from './truth.ts'
import { judge, type Removal } from './verdict.ts'

/** Few processes: they take turns with the servers on the same cores. A process holds somewhat less than 20,000. */
const sessionsEach = 18_000
const restWithinMs = 60_000
/** Stragglers: what a server that lost a bus message finds by its sweep, and who comes back last. */
const quietWithinMs = 60_000
const lookMs = 250
const sampleEveryMs = 1_000

/** The whole run: site, store, people, load, checker. */
export async function runLoad(options: LoadOptions, { verbose }: { verbose: boolean }): Promise<LoadReport> {
  const startedAt = new Date()
  const plan = planOf(options)
  const model = openModel({ scale: options.scale, endpoints: plan.endpoints, seed: options.seed })
  await using ending = new AsyncDisposableStack()
  const site = await startSite(siteOptions(options))
  ending.defer(() => site.stop())
  const sampler = startSampler(site, { everyMs: sampleEveryMs })
  sampler.mark('provision')
  if (verbose) progress(`filling the store: ${model.users} users, ${model.rooms} rooms …`)
  const provisioned = await provision(site, model)
  const agents = await startAgents(options.processes ?? Math.ceil(model.sessions / sessionsEach), {
    model: { scale: options.scale, endpoints: plan.endpoints, seed: options.seed },
    servers: site.servers.map(({ url }) => `${url.replace(/^http/, 'ws')}/ws`),
    run: randomInt(2 ** 32 - 1),
  })
  ending.defer(() => agents.end())
  for (const pid of agents.pids) sampler.addProcess('generator', pid)
  const stage = openStage({ plan, site, model, agents, sampler, verbose })
  const { entries, affiliations } = provisioned
  const through = sampler.seconds()
  const figures = { entries, affiliations, 'filled in s': provisioned.seconds }
  stage.phases.push({ name: 'provision', fromSeconds: 0, throughSeconds: through, figures })
  const { removals, ...quiet } = await playAndRest(stage)
  const sampled = await sampler.stop()
  const findings = await judgeRun(stage, removals, quiet)
  return toReport({ stage, startedAt, provisioned, sampled, ...findings })
}

function siteOptions({ servers, workers, databaseUrl, natsUrl }: LoadOptions): Parameters<typeof startSite>[0] {
  return {
    ...{ servers, workers },
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(natsUrl === undefined ? {} : { natsUrl }),
  }
}

async function playAndRest(stage: Stage): Promise<{ removals: Removal[]; ends: Float64Array; stored: Stored }> {
  const { agents, plan } = stage
  await profiles[plan.options.profile].play(stage)
  const removals = await stage.endRemovals()
  let truth: Awaited<ReturnType<typeof readTruth>> | undefined
  await stage.phase('quiet', async () => {
    await agents.all('rest', { withinMs: restWithinMs })
    truth = await readTruth(stage.site.databaseUrl, openRoomTable(stage.model.rooms), stage.model.rooms)
    await untilQuiet(agents, truth.ends)
    return {}
  })
  return { removals, ...truth! }
}

type Stored = Awaited<ReturnType<typeof readTruth>>['stored']

async function untilQuiet(agents: Agents, ends: Float64Array): Promise<void> {
  const deadline = performance.now() + quietWithinMs
  while (performance.now() < deadline) {
    const behind = await agents.all('behind', { ends, out: [] })
    if (behind.every(({ places, away }) => places === 0 && away === 0)) return
    await new Promise(resolve => setTimeout(resolve, lookMs))
  }
}

async function judgeRun(
  { agents }: Stage,
  removals: Removal[],
  { ends, stored }: { ends: Float64Array; stored: Stored },
): Promise<Pick<Findings, 'status' | 'results' | 'removals' | 'verdict' | 'away'>> {
  const status = await agents.status()
  const behind = await agents.all('behind', { ends, out: [] })
  const results = await agents.all('result', { ends, out: [] })
  const evidence = results.map(result => result.evidence)
  return {
    ...{ status, results, removals },
    verdict: judge(evidence, removals, stored),
    away: behind.reduce((sum, { away }) => sum + away, 0),
  }
}
