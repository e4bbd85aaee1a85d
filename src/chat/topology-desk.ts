import type { Result } from '../protocol/request.ts'
import type { PublicationCard } from '../protocol/topology-verbs.ts'

/** What was published, with its text. */
export type Published = Omit<PublicationCard, 'at'> & { at: Date; document: string }
type Draft = { document: string; author: string; note: string; restores?: number }

/** The Central Management Store, as a server asks it. Everything rejects as `unavailable` where it is away. */
export type CentralDesk = {
  /** The version of that number, or the newest one. */
  read(version?: number): Promise<Published | undefined>
  list(limit: number, before?: number): Promise<Pick<Result<'topology.history'>, 'publications' | 'adoptions'>>
  /** Refusals: conflict, with who published what since in its details; invalid_argument, where there are `errors`. */
  publish(
    draft: Draft,
    basis: { version: number; mark?: string | undefined },
    errors: string[],
  ): Promise<{ version: number; mark: string; changed: boolean }>
}

/** What the verbs of the topology need: the document is none of chat's business, and comes from cli (decision 24). */
export type TopologyDesk = {
  schema(): Promise<object>
  example(edition: 'standard-edition' | 'enterprise-edition', fqdn?: string): Promise<string>
  /** Off the loop that serves; against the document before, where there is one. Refusals: too_large, rate_limited. */
  check(text: string, before?: string): Promise<Omit<Result<'topology.check'>, 'store' | 'version'>>
  /** Undefined: this server was told of no store. */
  central: CentralDesk | undefined
}
