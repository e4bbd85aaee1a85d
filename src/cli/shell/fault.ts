import { Refusal } from '../../protocol/error.ts'

/** 3 is what the checks of other verbs answer where they found differences. */
export const exitCodes = { done: 0, failed: 1, wrongUse: 2, unanswered: 4 } as const

/** Wrong use: what was typed cannot be meant. */
export class Misuse extends Error {}

/** No answer of anybody: what was asked may be done or not. */
export class Unanswered extends Error {}

export type Told = { exit: number; code: string; message: string; id?: string | undefined }

/** What to say of an error, and what to exit with. */
export function tell(error: unknown): Told {
  if (error instanceof Misuse) return { exit: exitCodes.wrongUse, code: 'wrong_use', message: error.message }
  if (error instanceof Unanswered) return { exit: exitCodes.unanswered, code: 'unavailable', message: error.message }
  if (error instanceof Refusal)
    return {
      exit: error.code === 'unavailable' ? exitCodes.unanswered : exitCodes.failed,
      code: error.code,
      message: error.message,
      id: error.id,
    }
  return { exit: exitCodes.failed, code: 'failed', message: error instanceof Error ? error.message : String(error) }
}
