import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { addComplianceMetrics } from '../base/compliance-metrics.ts'
import type { Running } from '../base/lifecycle.ts'
import { addProcessMetrics } from '../base/process-metrics.ts'
import type { ComplianceService } from '../compliance/service.ts'
import { readCompliance } from '../store/compliance.ts'
import { readServiceReport } from '../store/compliance-report.ts'
import { type Db, shortly } from '../store/db.ts'
import { readBacklog } from '../store/outbox.ts'

export type HealthOptions = {
  host: string
  port: number
  store: Db
  service: Pick<ComplianceService, 'isActive' | 'report'>
}

/** A database that does not answer in that time is away. */
const lookMs = 3_000
/** From the end of a look on who asks is told the same. */
const keptMs = 1_000

/** What the compliance service tells of itself where it runs alone: /healthz, /readyz and /metrics, for reading only. */
export async function openHealth(options: HealthOptions): Promise<Running & { url: string }> {
  const registry = new Registry()
  addProcessMetrics(registry)
  const metrics = addComplianceMetrics(registry, 'max')
  const looks = { outbox: oneLook(() => seeOutbox(options.store)), archive: oneLook(() => options.service.report()) }
  const seeing = () => see(looks, options.service.isActive(), metrics)
  const server = createServer(async (request, response) => {
    const answer = (code: number, type: string, text: string) =>
      response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' }).end(text)
    const json = (code: number, body: object) => answer(code, 'application/json; charset=utf-8', JSON.stringify(body))
    try {
      const path = (request.url ?? '/').split('?')[0]
      if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { status: 'only read' })
      if (path === '/healthz') return json(200, { status: 'ok' })
      if (path === '/readyz') {
        const { ready, notes } = await seeing()
        return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', notes })
      }
      if (path !== '/metrics') return json(404, { status: 'there is /healthz, /readyz and /metrics' })
      await seeing()
      return answer(200, registry.contentType, await registry.metrics())
    } catch {
      return json(500, { status: 'fault' })
    }
  })
  await listen(server, options)
  const { address, port, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function listen(server: Server, { host, port }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}

type Seen = { ready: boolean; notes: string[] }
type Metrics = ReturnType<typeof addComplianceMetrics>

type Looks = { outbox: () => ReturnType<typeof seeOutbox>; archive: () => ReturnType<ComplianceService['report']> }

/** Ready: both databases answer, whether or not this service is the one that moves events. */
async function see(looks: Looks, isActive: boolean, metrics: Metrics): Promise<Seen> {
  const [outbox, archive] = await Promise.allSettled([looks.outbox(), looks.archive()])
  const notes: string[] = []
  const known = outbox.status === 'fulfilled' ? outbox.value : undefined
  metrics.storeUp.set(known ? 1 : 0)
  if (!known) {
    metrics.hideOutbox()
    notes.push('store away')
  }
  if (archive.status === 'rejected') {
    metrics.archiveUp.set(0)
    metrics.hideArchive()
    notes.push('archive away')
  }
  if (known) {
    metrics.backlog.set(known.rows)
    metrics.age.set(known.ageSeconds)
    metrics.full.set(known.isFull ? 1 : 0)
    if (known.isFull) notes.push('compliance outbox full')
    else if (known.isBehind) notes.push('compliance behind')
    if (!known.recording) notes.push('nothing is recorded')
  }
  if (archive.status === 'fulfilled' && archive.value) {
    metrics.archiveUp.set(1)
    metrics.show(archive.value, known?.toldSeconds)
    const failing = archive.value.adapters.filter(one => one.failures > 0)
    if (failing.length > 0) notes.push(`adapters fail: ${failing.map(one => one.name).join(', ')}`)
  }
  if (!isActive) notes.push('on stand-by')
  return { ready: known !== undefined && archive.status === 'fulfilled', notes }
}

function seeOutbox(store: Db) {
  return shortly(store, async tx => {
    const { recording, settings } = await readCompliance(tx)
    const { maxRows, maxAgeSeconds } = settings
    const { rows, ageSeconds } = await readBacklog(tx, maxRows + 1)
    const over = (part: number) => rows > maxRows * part || ageSeconds > maxAgeSeconds * part
    const toldSeconds = recording ? (await readServiceReport(tx))?.ageSeconds : undefined
    return { recording, toldSeconds, rows, ageSeconds, isFull: recording && over(1), isBehind: recording && over(0.5) }
  })
}

/**
 * One at a time, until it has really ended: a database that hangs has one connection of ours, however often somebody asks. Rejects
 * where it takes longer than it may.
 */
function oneLook<T>(work: () => Promise<T>): () => Promise<T> {
  let going: { since: number; ended: Promise<T> } | undefined
  let kept: { at: number; ended: Promise<T> } | undefined
  return () => {
    if (kept && performance.now() - kept.at < keptMs) return kept.ended
    if (!going) {
      const ended = work()
      going = { since: performance.now(), ended }
      const end = () => {
        going = undefined
        kept = { at: performance.now(), ended }
      }
      ended.then(end, end)
    }
    return within(going.ended, Math.max(0, lookMs - (performance.now() - going.since)))
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = new AbortController()
  const timer = sleep(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error('it does not answer')
  })
  timer.catch(() => {})
  return Promise.race([work, timer]).finally(() => late.abort())
}
