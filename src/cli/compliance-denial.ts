import { operator } from '../domain/operator.ts'
import type { Denial, Reach } from '../protocol/compliance-verbs.ts'
import { uuidPattern } from '../protocol/ids.ts'
import { onStore, printTable, type StoreOptions } from './store-verb.ts'

type Scope = { person?: string; room?: string; category?: string; from?: string; until?: string }
type Change = StoreOptions & { reason: string; whatIf?: boolean }
export type DenyOptions = Change & Scope
export type LiftOptions = Change

// The verbs of the server, which starting one needs none of.
const verbs = () => import('../chat/denial.ts')

/** pchat compliance deny-delete add: as the operator, whom the record names. */
export function addDenial(options: DenyOptions): Promise<void> {
  return onStore(options, async db => {
    const { person, room, category, from, until, reason, whatIf = false } = options
    const scope = { person, room, category, from, until }
    const result = await (await verbs()).deny(db, operator.id, scope, reason, whatIf)
    if (options.json) return console.log(JSON.stringify(result, null, 2))
    if (result.denial) console.log(`Denial ${result.denial.id}: ${wordsOf(result.denial)} may not be deleted.`)
    else console.log('Nothing is changed.')
    console.log(reachWords(result.reach))
  })
}

/** pchat compliance deny-delete list */
export function showDenials(options: StoreOptions & { lifted?: boolean }): Promise<void> {
  return onStore(options, async db => {
    const denials = await (await verbs()).denialsOf(db, options.lifted === true)
    if (options.json) return console.log(JSON.stringify(denials, null, 2))
    if (denials.length === 0) return console.log(options.lifted ? 'None was lifted.' : 'No deletion is denied.')
    const rows = denials.map(one => [one.id, wordsOf(one), one.by.name, one.at, one.lifted?.at ?? '', one.reason])
    printTable([['DENIAL', 'HOLDS', 'BY', 'SINCE', 'LIFTED', 'REASON'], ...rows])
  })
}

/** pchat compliance deny-delete lift */
export function liftOne(id: string, options: LiftOptions): Promise<void> {
  return onStore(options, async db => {
    if (!new RegExp(uuidPattern).test(id))
      throw new Error(`There is no denial ${id}. See pchat compliance deny-delete list.`)
    const { denial, reach } = await (await verbs()).lift(db, operator.id, id, options.reason, options.whatIf === true)
    if (options.json) return console.log(JSON.stringify({ denial, ...(reach ? { reach } : {}) }, null, 2))
    if (!options.whatIf) return console.log(`${wordsOf(denial)} may be deleted, unless another denial holds it.`)
    console.log(`Nothing is changed. Denial ${id} holds ${wordsOf(denial)}.`)
    console.log(reachWords(reach))
  })
}

function wordsOf({ person, room, category, from, until }: Denial): string {
  return [
    ...(person ? [`of ${person.name}`] : []),
    ...(room ? [`in the room ${room.name ?? room.id}`] : []),
    ...(category ? [`in the category ${category.name ?? category.id}`] : []),
    ...(from ? [`from ${from}`] : []),
    ...(until ? [`until ${until}`] : []),
  ].join(', ')
}

function reachWords(reach: Reach | undefined): string {
  if (!reach) return 'How much that is takes too long to count.'
  const { messages, hidden, files, gone, missing } = reach
  const lines = [`It holds ${messages} messages, ${hidden} more that are cleared already, and ${files} files.`]
  if (gone > 0) lines.push(`${gone} messages were removed or replaced before.`)
  if (missing) lines.push(`${missing} places are empty: cleared and collected before, or never kept.`)
  return lines.join('\n')
}
