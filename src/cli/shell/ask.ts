import type { Db } from '../../store/db.ts'

/** One contract for both ways: the verbs of src/protocol by name, asked of a server or of the store itself. */
export type Ask = {
  call<Result extends object>(verb: string, input: object): Promise<Result>
  /** Where it goes, for people. */
  where: string
  /** The store itself, on the machine. */
  db?: Db
  close(): Promise<void>
}
