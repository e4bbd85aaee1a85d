import type { CentralDesk, Published, TopologyDesk } from '../chat/topology-desk.ts'
import { Refusal } from '../protocol/error.ts'
import type { StoreAddress } from '../store/address.ts'
import type { Db } from '../store/db.ts'
import {
  listAdoptions,
  listPublications,
  type PublicationCard,
  publishTopology,
  readPublication,
} from '../topology/central.ts'
import { openCentral } from '../topology/central-place.ts'
import { exampleDocument } from '../topology/example.ts'
import { publishedSchema } from '../topology/published.ts'
import { readTopology } from '../topology/read.ts'
import { changeOn, readOn } from './topology-central-place.ts'
import { openChecker } from './topology-checker.ts'

/** What the verbs of the topology need, on a server. Nothing is connected or started before somebody asks. */
export function openTopologyDesk(address: StoreAddress | undefined): TopologyDesk & { stop(): Promise<void> } {
  const checker = openChecker()
  const central = address && openCentralDesk(address)
  return {
    schema: async () => publishedSchema(),
    example: async (edition, fqdn) => {
      const text = exampleDocument(edition, fqdn)
      // A name that is none would be told as a fault of the document, which nobody wrote.
      if ('faults' in readTopology(text))
        throw new Refusal(
          'invalid_argument',
          'This is no full name. Give one in small letters, such as chat.example.com.',
        )
      return text
    },
    async check(text, before) {
      const { picture = null, differences = null, asks = null, ...judged } = await checker.check(text, before)
      return { ...judged, picture, differences, asks }
    },
    central,
    async stop() {
      await Promise.all([checker.stop(), central?.stop()])
    },
  }
}

function openCentralDesk(address: StoreAddress): CentralDesk & { stop(): Promise<void> } {
  const db = openCentral(address)
  let newest: Published | undefined
  /** Whoever types has the document compared again and again: its text is read once. */
  const readNewest = async (there: Db) => {
    const [card] = await listPublications(there, 1)
    if (card?.mark !== newest?.mark) newest = await readPublication(there)
    return newest
  }
  return {
    read: version =>
      readOn(db, address, async there => {
        if (!there) return undefined
        return version === undefined ? readNewest(there) : readPublication(there, version)
      }),
    list: (limit, before) =>
      readOn(db, address, async there => {
        if (!there) return { publications: [], adoptions: [] }
        const publications = await listPublications(there, limit, before)
        return { publications: publications.map(shownCard), adoptions: (await listAdoptions(there)).map(withInstant) }
      }),
    publish: (draft, basis, errors) =>
      changeOn(db, address, there => publishTopology(there, draft, basis, { errors, advice: [] })),
    stop: () => db.end(),
  }
}

function shownCard({ hash: _, ...card }: PublicationCard) {
  return withInstant(card)
}

function withInstant<Card extends { at: Date }>(card: Card): Omit<Card, 'at'> & { at: string } {
  return { ...card, at: card.at.toISOString() }
}
