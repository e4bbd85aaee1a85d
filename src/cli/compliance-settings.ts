import { listPlaces } from '../compliance/adapter-place.ts'
import { lastHead, readMover } from '../compliance/archive.ts'
import { operator } from '../domain/operator.ts'
import { type AdapterSetting, readCompliance } from '../store/compliance.ts'
import { type Connection, type Db, transaction } from '../store/db.ts'
import { raiseSettings } from '../store/stamp.ts'
import { type ArchiveOptions, withArchive } from './compliance-archive.ts'
import { onStore, printTable, type StoreOptions } from './store-verb.ts'

export type ChangeOptions = StoreOptions & { maxRows?: number; maxAgeSeconds?: number }

// The verbs of the server, which starting one needs none of.
const verbs = () => import('../chat/compliance.ts')

/** Switches recording, or sets what may wait; exit code 1 where a server has not heard that it is on. */
export function change(options: ChangeOptions, recording?: boolean): Promise<void> {
  return onStore(options, async db => {
    const { switchCompliance, untilHeard, viewOf } = await verbs()
    const { maxRows, maxAgeSeconds } = options
    const settings = {
      ...(maxRows === undefined ? {} : { maxRows }),
      ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    }
    const version = await raised(db, tx => switchCompliance(tx, operator.id, recording, settings))
    if (recording === true) await untilHeard(db, version)
    const view = await viewOf(db, recording === true ? version : 1)
    if (options.json) console.log(JSON.stringify(view, null, 2))
    else if (recording !== undefined) console.log(recording ? 'What happens is recorded.' : 'Nothing is recorded.')
    else console.log('Set.')
    if (view.unheard.length === 0) return
    console.error(
      `pchat: ${view.unheard.join(', ')} did not say that it records. Look at it, then ask pchat compliance status.`,
    )
    process.exitCode = 1
  })
}

export function setAdapter(adapter: AdapterSetting, options: StoreOptions): Promise<void> {
  return onStore(options, async db => {
    const { findAdapterFault, putAdapter } = await verbs()
    const fault = findAdapterFault(adapter)
    if (fault) throw new Error(fault)
    await raised(db, tx => putAdapter(tx, operator.id, adapter))
    if (options.json) console.log(JSON.stringify(adapter, null, 2))
    else console.log(`${adapter.name} writes ${adapter.type} into ${adapter.outputDirectory}.`)
  })
}

export function removeAdapter(name: string, options: StoreOptions): Promise<void> {
  return onStore(options, async db => {
    const { dropAdapter } = await verbs()
    await raised(db, tx => dropAdapter(tx, operator.id, name))
    console.log(`${name} is removed. What it wrote stays.`)
  })
}

function raised(db: Db, work: (tx: Connection) => Promise<void>): Promise<number> {
  return transaction(db, async tx => {
    await work(tx)
    return raiseSettings(tx)
  })
}

export function listAdapters(options: StoreOptions): Promise<void> {
  return onStore(options, async db => {
    const { adapters } = (await readCompliance(db)).settings
    if (options.json) return console.log(JSON.stringify(adapters, null, 2))
    const rows = adapters.map(one => [one.name, one.type, `${one.runIntervalSeconds}`, one.outputDirectory])
    printTable([['NAME', 'TYPE', 'SECONDS', 'FOLDER'], ...rows])
  })
}

export function showStatus(options: ArchiveOptions): Promise<void> {
  return onStore(options, async db => {
    const view = await (await verbs()).viewOf(db, 1)
    const archive = await withArchive(options, readArchive).catch((error: Error) => ({ fault: error.message }))
    if (options.json) return console.log(JSON.stringify({ ...view, archive }, null, 2))
    console.log(`Recording: ${view.recording ? 'on' : 'off'}`)
    if (view.unheard.length > 0) console.log(`Not recording, although it is on: ${view.unheard.join(', ')}`)
    const { events, ageSeconds } = view.backlog
    console.log(`Waiting: ${events} events, the oldest ${Math.round(ageSeconds)} s`)
    console.log(`May wait: ${view.maxRows} events, ${view.maxAgeSeconds} s`)
    if (view.proof) {
      const { at, by, sound, entries, fault } = view.proof
      console.log(`Verified: ${at} by ${by}: ${sound ? `sound, ${entries} entries` : `NOT SOUND. ${fault ?? ''}`}`)
    }
    if ('fault' in archive) return console.log(`Archive: ${archive.fault}`)
    const { entries, batch, at, mover, adapters } = archive
    console.log(`Archive: ${entries} entries; the last batch is ${batch ? `${batch}, of ${at}` : 'none'}`)
    console.log(`Moved by: ${mover ?? 'nobody; no compliance service is active'}`)
    const rows = adapters.map(({ name, doneSeq, doneAt, failures, lastError }) => [
      ...[name, `${doneSeq}`, doneAt?.toISOString() ?? '', `${failures}`, lastError ?? ''],
    ])
    if (rows.length > 0) printTable([['ADAPTER', 'THROUGH', 'LAST RUN', 'FAILURES', 'LAST ERROR'], ...rows])
  })
}

async function readArchive(archive: Db) {
  const { holder, isActive } = await readMover(archive)
  const head = (await lastHead(archive))?.head
  return {
    ...{ entries: head?.last ?? 0, batch: head?.batch ?? 0, at: head?.at, mover: isActive ? holder : undefined },
    adapters: await listPlaces(archive),
  }
}
