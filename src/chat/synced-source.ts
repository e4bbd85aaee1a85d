import type { DirectorySource } from '../directory/source.ts'

/** A source that people come from, with what its configuration says of its runs. */
export type SyncedSource = {
  directory: DirectorySource
  /** Name of the group whose members administer. */
  administrators?: string | undefined
  everySeconds: number
  fullEveryMinutes: number
  maxDisabledShare: number
}

export type DirectorySync = {
  sources: Map<string, SyncedSource>
  /** Who is told to run a source, in the status of all servers. */
  server: string
}
