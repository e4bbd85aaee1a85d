import { pino } from 'pino'

/** Structured log: one JSON line an event, on stderr. Context goes into the object, not into the text. */
export type Log = {
  debug(context: object, text: string): void
  info(context: object, text: string): void
  warn(context: object, text: string): void
  error(context: object, text: string): void
}

export function openLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  )
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
