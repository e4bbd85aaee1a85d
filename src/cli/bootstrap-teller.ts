import type { Standing, Waits } from './bootstrap-doing.ts'
import { type Check, checkLines } from './doctor-check.ts'
import type { Io } from './shell/io.ts'
import { harmless, tableLines } from './shell/table.ts'

type StepTold = { id: string; title: string }
type Planned = StepTold & Standing
type Ended = StepTold & { state: 'already' | 'left' | 'done' | 'tried' | 'waits' | 'failed'; found: string }

/** Progress, a line a step; with --json an object a line, since it is read while it grows. */
export type Teller = {
  prerequisites(checks: Check[]): void
  plan(steps: Planned[]): void
  begin(step: StepTold): void
  step(step: Ended, beganAt: number): void
  waits(what: Waits): void
  end(result: 'done' | 'waits', changed: number): void
}

export function openTeller(server: string, json: boolean, io: Io): Teller {
  const say = (lines: string[]) =>
    io.out(`${lines.map(line => line.split('\n').map(harmless).join('\n')).join('\n')}\n`)
  const event = (name: string, value: object) => io.out(`${JSON.stringify({ event: name, ...value })}\n`)
  let count = 0
  let of = 0
  return {
    prerequisites(checks) {
      if (json) return event('prerequisites', { server, checks })
      // What is well is not worth a line here: --check has them all.
      const bad = checks.filter(({ state }) => state !== 'ok')
      const [total = ''] = checkLines(checks).slice(-1)
      say([`${server}: ${total}`, ...(bad.length > 0 ? checkLines(bad).slice(0, -1) : []), ''])
    },
    plan(steps) {
      of = steps.length
      if (json) return event('plan', { steps })
      const rows = steps.map(({ title, done, isLeft, found }, i) => [
        ...[`${i + 1}`, title, isLeft ? 'left' : done ? 'already' : 'to do', found],
      ])
      say([...tableLines([['', 'STEP', '', 'FOUND'], ...rows]), ''])
    },
    begin(step) {
      if (json) event('begin', { id: step.id })
    },
    step({ id, title, state, found }, beganAt) {
      count += 1
      const ms = Math.round(performance.now() - beganAt)
      if (json) return event('step', { id, state, ms, found })
      const shown = state === 'already' ? '' : state === 'left' ? `, ${found}` : `  ${(ms / 1_000).toFixed(1)} s`
      say([`${count} of ${of}  ${title}: ${state}${shown}`])
    },
    waits({ message, lines }) {
      if (!json) say(['', message, ...lines.map(line => `  ${line}`)])
      else event('waits', { message, lines })
    },
    end(result, changed) {
      const text =
        result === 'waits'
          ? 'The rest comes after that.'
          : changed === 0
            ? 'Nothing was changed: the machine was as the topology says.'
            : `${changed} ${changed === 1 ? 'step was' : 'steps were'} done. ${server} serves.`
      if (json) event('end', { result, changed })
      else say(['', text])
    },
  }
}
