import { closeCodes } from '../src/protocol/error.ts'
import { badFrames, badTexts, type Outcome, sendRaw, upgradeHead, frame as wsFrame } from './malformed-frames.ts'
import { inParallel, judge, type Run, shown } from './malformed-judge.ts'
import type { Answer } from './malformed-socket.ts'

/** Of RFC 6455, sent by the WebSocket itself where bytes are no frames: protocol error, no UTF-8, too big. */
const webSocketCodes = [1002, 1007, 1009]

/** Texts over an open session that are no requests. */
export async function sendTexts(run: Run): Promise<number> {
  const texts = badTexts(run.random)
  await inParallel(texts, async text =>
    judgeFrames(run, `the text ${shown(text)}`, await sendOpened(run, [wsFrame(text)]), [closeCodes.protocolError]),
  )
  return texts.length
}

/** Bytes over an open session that are no frames, or frames that may not come. */
export async function sendFrames(run: Run): Promise<number> {
  const frames = badFrames(run.random)
  await inParallel(frames, async ({ name, bytes }) =>
    judgeFrames(run, name, await sendOpened(run, bytes), [closeCodes.protocolError, ...webSocketCodes]),
  )
  return frames.length
}

function sendOpened(run: Run, frames: Uint8Array[]): Promise<Outcome> {
  const open = wsFrame('{"id":"open","verb":"session.open","input":{}}')
  return sendRaw(run.target.url, [upgradeHead(run.target.administrator), open, ...frames])
}

function judgeFrames(run: Run, what: string, outcome: Outcome, codes: number[]) {
  run.note(`close ${outcome.close}`)
  if (outcome.status !== 101) return run.fault(`${what}: the upgrade was answered with ${outcome.status}`)
  if (outcome.close === undefined || !codes.includes(outcome.close)) run.fault(`${what}: closed with ${outcome.close}`)
  for (const text of outcome.texts) {
    const { id, error } = JSON.parse(text) as Answer & { id: unknown }
    if (id !== 'open') judge(run, what, error)
  }
  if (outcome.close === closeCodes.protocolError && !outcome.texts.some(text => /^\{"id":null,"error":/.test(text)))
    run.fault(`${what}: closed without a word`)
}
