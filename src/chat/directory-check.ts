import type { Input, Result } from '../protocol/request.ts'
import { compareFlattening } from '../store/affiliation.ts'
import { planForValues, transaction } from '../store/db.ts'
import { listPrincipalIds } from '../store/directory-explain.ts'
import { principalsByIds } from '../store/principal.ts'
import type { Caller, Chat } from './chat.ts'
import type { SyncHost } from './directory-run.ts'
import { hostOf, requireSource, syncNow } from './directory-sync.ts'
import type { SyncedSource } from './synced-source.ts'

const principalsAtOnce = 2_000
const shown = 20

/** directory.check: reads all, says what differs from the store, and what of the store's flattening a fresh recursion says otherwise. */
export async function checkOneDirectory(
  chat: Chat,
  caller: Caller,
  input: Input<'directory.check'>,
): Promise<Result<'directory.check'>> {
  const host = hostOf(chat)
  return checkDirectory(host, requireSource(host, input.source), caller.user.id)
}

/** Changes nothing. Refusals as of a run. */
export async function checkDirectory(
  host: SyncHost,
  source: SyncedSource,
  actor: string | null = null,
): Promise<Result<'directory.check'>> {
  const run = await syncNow(host, source, { full: true, dryRun: true, actor })
  const { leftOut: _, ...differences } = run.counts
  const flattening = await checkFlattening(host)
  const sound = Object.keys(differences).length === 0 && flattening.missing === 0 && flattening.vain === 0
  return { sound, run, flattening }
}

type Flattening = Result<'directory.check'>['flattening']

/** Piece by piece: each is compared within one snapshot, and nobody is held up. */
async function checkFlattening(host: Pick<SyncHost, 'db'>): Promise<Flattening> {
  const found: Flattening = { principals: 0, missing: 0, vain: 0, samples: [] }
  let after: string | undefined
  for (;;) {
    const ids = await listPrincipalIds(host.db, after, principalsAtOnce)
    if (ids.length === 0) return found
    after = ids.at(-1)
    found.principals += ids.length
    const wrong = await transaction(host.db, async tx => {
      await planForValues(tx)
      return compareFlattening(tx, ids)
    })
    for (const { missing } of wrong) found[missing ? 'missing' : 'vain'] += 1
    const some = wrong.slice(0, shown - found.samples.length)
    const names = await principalsByIds(
      host.db,
      some.flatMap(one => [one.member, one.ancestor]),
    )
    for (const { member, ancestor, missing } of some)
      found.samples.push({
        member: names.get(member)?.name ?? member,
        ancestor: names.get(ancestor)?.name ?? ancestor,
        missing,
      })
  }
}
