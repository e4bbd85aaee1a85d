import type { FastifyInstance, FastifyRequest } from 'fastify'
import { openHostTest } from '../base/host.ts'
import type { Caller, Chat } from '../chat/chat.ts'
import { callerOfHttp } from '../chat/credential.ts'
import { requireDownloadStill } from '../chat/file-access.ts'
import { callerOfTicket, makeTicket } from '../chat/file-ticket.ts'
import { takeAddressRequest, takeSessionTurn } from '../chat/rate-limit.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import { uuidPattern } from '../protocol/ids.ts'
import { download, downloadPreview } from './download.ts'
import type { Files } from './files.ts'
import type { Keyring } from './keys.ts'

/** Who asks at the server's own address, by token or cookie. */
export async function admit(chat: Chat, request: FastifyRequest): Promise<Caller> {
  takeAddressRequest(chat, request.ip)
  const caller = await callerOfHttp(chat, request, request.ip)
  if (!caller)
    throw new Refusal(
      'unauthenticated',
      'No valid token came with the request. Sign in and send it as Authorization: Bearer.',
    )
  takeSessionTurn(chat, caller.session, request.ip, false)
  return caller
}

const uuid = new RegExp(uuidPattern)

export function idOf(request: FastifyRequest): string {
  const { id } = request.params as { id: string }
  if (!uuid.test(id)) throw notFound('file')
  return id.toLowerCase()
}

/** Nothing may be silent for longer in the middle of a request. */
const silenceMs = 60_000

/** A client that neither sends nor reads for so long is gone. The next request of the connection is under the server's own rules. */
export function limitSilence({ raw }: FastifyRequest): void {
  const { socket } = raw
  const before = socket.timeout ?? 0
  socket.setTimeout(silenceMs)
  raw.once('close', () => socket.setTimeout(before))
}

export type DownloadOptions = {
  /** Where files are downloaded from, in place of the server's own address. */
  downloadUrl: string | undefined
  requireStore: () => Promise<void>
}

/**
 * GET /files/<id> and its preview. Where there is a host for downloads, the bytes come from there alone, by ticket, and the server's
 * own address sends its readers on: whatever is in a file, it has no part in the origin that the cookie belongs to.
 */
export function addDownloads(app: FastifyInstance, files: Files, { downloadUrl, requireStore }: DownloadOptions): void {
  const { chat } = files
  const secrets = secretsOf(files.keys)
  const isApart = openHostTest(downloadUrl)
  const serve = (tail: '' | '/preview', send: typeof download) =>
    app.get(`/files/:id${tail}`, { config: { isDownload: true } }, async (request, reply) => {
      const byTicket = isApart(request.headers.host)
      const { ticket } = request.query as { ticket?: unknown }
      const caller = byTicket ? await admitTicket(files, request, ticket, secrets) : await admit(chat, request)
      const id = idOf(request)
      await requireStore()
      if (!byTicket && downloadUrl !== undefined) {
        // Nothing is read yet: the request at the other host is what is recorded.
        await requireDownloadStill(chat, caller, id)
        const address = new URL(`/files/${id}${tail}`, downloadUrl)
        if ('download' in (request.query as object)) address.searchParams.set('download', '')
        address.searchParams.set('ticket', await makeTicket(chat, caller, id, secrets))
        return reply.header('cache-control', 'no-store').redirect(address.href, 302)
      }
      limitSilence(request)
      // By ticket a page of the server's own address shows pictures from here; there is no cookie that others could make use of.
      reply.header('cross-origin-resource-policy', byTicket ? 'cross-origin' : 'same-origin')
      return send(files, caller, id, request, reply)
    })
  serve('', download)
  serve('/preview', downloadPreview)
}

async function admitTicket({ chat }: Files, request: FastifyRequest, ticket: unknown, secrets: Uint8Array[]) {
  takeAddressRequest(chat, request.ip)
  const caller = await callerOfTicket(chat, ticket, idOf(request), secrets, request.ip)
  takeSessionTurn(chat, caller.session, request.ip, false)
  return caller
}

/** The keys of the key file, the first one for what is made now; where there is none, tickets hang on the sign-in alone. */
function secretsOf({ keys }: Keyring): Uint8Array[] {
  return keys.size === 0 ? [new Uint8Array()] : [...keys.values()]
}
