import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Chat } from '../chat/chat.ts'
import { askDevice, beginDevice, confirmDevice, showDevice } from '../chat/device.ts'
import { Refusal } from '../protocol/error.ts'
import { bodyReader, callerOfRequest, limitedRoute } from './signin.ts'

/** Programs without a browser are signed in by a code. The page that confirms it is the web client's, at /device. */

const closed = { additionalProperties: false }
const readBegin = bodyReader(Type.Object({ client: Type.String() }, closed))
const readPoll = bodyReader(Type.Object({ deviceCode: Type.String({ maxLength: 100 }) }, closed))
const readConfirm = bodyReader(Type.Object({ userCode: Type.String(), allow: Type.Boolean() }, closed))

export function addDeviceSignIn(app: FastifyInstance, chat: Chat, options: { pagesUrl: () => string }): void {
  const limited = limitedRoute(chat)

  app.post('/web/device/begin', limited, async request => {
    const { client } = readBegin(request.body)
    const begun = await beginDevice(chat, { client, address: request.ip })
    const page = `${options.pagesUrl()}/device`
    return { ...begun, verificationUri: page, verificationUriComplete: `${page}?code=${begun.userCode}` }
  })

  app.post('/web/device/poll', limited, async request => {
    const { deviceCode } = readPoll(request.body)
    return askDevice(chat, { deviceCode, address: request.ip })
  })

  app.get<{ Params: { code: string } }>('/web/device/code/:code', limited, async request =>
    showDevice(chat, await signedIn(chat, request), request.params.code),
  )

  app.post('/web/device/confirm', limited, async request => {
    const caller = await signedIn(chat, request)
    await confirmDevice(chat, caller, readConfirm(request.body))
    return {}
  })
}

async function signedIn(chat: Chat, request: Parameters<typeof callerOfRequest>[1]) {
  const caller = await callerOfRequest(chat, request)
  if (!caller) throw new Refusal('unauthenticated', 'You are not signed in. Sign in.')
  return caller
}
