import { randomUUID } from 'node:crypto'
import { closeCodes, type WireError } from '../src/protocol/error.ts'
import { type Verb, verbs } from '../src/protocol/request.ts'
import { sendRaw, upgradeHead, frame as wsFrame } from './malformed-frames.ts'
import { badInput } from './malformed-input.ts'
import { inParallel, judge, type Run, shown } from './malformed-judge.ts'
import { senselessInputs, strangeQuestions } from './malformed-sense.ts'
import { type Answer, openSocket } from './malformed-socket.ts'

type Ask = { verb: Verb; input: unknown }

const batch = 40

/** Verbs with inputs that are none of theirs, over the WebSocket. */
export async function overWebSocket(run: Run): Promise<number> {
  const asks = Array.from({ length: batch }, () => badInput(run.inputs, run.random))
  const answers = await askAll(run, run.random.chance(0.7) ? run.target.administrator : run.target.member, asks)
  asks.forEach(({ verb, input }, n) => {
    const open = verbs[verb].callers === 'anyone'
    judge(run, `WebSocket ${verb} ${shown(input)}`, answers[n], [open ? 'conflict' : 'invalid_argument'])
  })
  return batch
}

/** Each answer's error, undefined where there was a result. Throws where the connection ended. */
async function askAll(run: Run, token: string, asks: Ask[]): Promise<(WireError | undefined)[]> {
  const socket = await openSocket(run.target.url, token)
  const answers = await Promise.all(asks.map(ask => socket.ask(ask.verb, ask.input)))
  socket.end()
  return answers.map((answer, n) => {
    if (answer === 'gone') run.fault(`the connection ended at ${asks[n]?.verb} ${shown(asks[n]?.input)}`)
    return answer === 'gone' ? { code: 'internal', message: 'the connection ended' } : answer.error
  })
}

/** Before the session is open there is one verb, and whoever has no token is sent away. */
export async function beforeOpening(run: Run): Promise<number> {
  const asks: Ask[] = Array.from({ length: 10 }, () => badInput(run.inputs, run.random))
  await inParallel(asks, async ({ verb, input }) => {
    const text = wsFrame(JSON.stringify({ id: 1, verb: run.random.chance(0.3) ? `no.${randomUUID()}` : verb, input }))
    const outcome = await sendRaw(run.target.url, [upgradeHead(undefined), text], false)
    const [answer] = outcome.texts
    run.note(`close ${outcome.close}`)
    const { error } = answer === undefined ? {} : (JSON.parse(answer) as Answer)
    judge(run, `before session.open: ${verb} ${shown(input)}`, error, ['unauthenticated', 'invalid_argument'])
    if (error?.code === 'unauthenticated' && outcome.close !== closeCodes.unauthenticated)
      run.fault(`before session.open: ${verb}: closed with ${outcome.close}`)
  })
  return asks.length
}

export async function sendSenseless(run: Run): Promise<number> {
  const asks = senselessInputs(run.target.names)
  const answers = await askAll(run, run.target.administrator, asks)
  asks.forEach((ask, n) => {
    judge(run, `${ask.verb} ${shown(ask.input)}`, answers[n])
  })
  return asks.length
}

export async function askStrange(run: Run): Promise<number> {
  const asks = strangeQuestions(run.target.names)
  const answers = await askAll(run, run.random.chance(0.5) ? run.target.administrator : run.target.member, asks)
  asks.forEach((ask, n) => {
    if (answers[n]) judge(run, `${ask.verb} ${shown(ask.input)}`, answers[n])
  })
  return asks.length
}
