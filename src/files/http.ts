import { setTimeout as sleep } from 'node:timers/promises'
import { Server, TUS_RESUMABLE } from '@tus/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { toRefusal } from '../chat/failure.ts'
import { requireUpload } from '../chat/file-access.ts'
import { errorCodes, Refusal } from '../protocol/error.ts'
import type { FileRow } from '../store/file.ts'
import { removeFile } from '../store/file-upkeep.ts'
import { attachStore, OtherStore } from './attach.ts'
import { collectAlways } from './collect.ts'
import { addDownloads, admit, idOf, limitSilence } from './door.ts'
import type { Files, Scan } from './files.ts'
import { openFinishing } from './finish.ts'
import type { Keyring } from './keys.ts'
import { openLeases } from './lease.ts'
import { openMill } from './mill.ts'
import type { FileStore } from './store.ts'
import { PieceStore } from './tus.ts'

export type FilesOptions = {
  store: FileStore
  keys: Keyring
  scan?: Scan | undefined
  scanOpen?: boolean | undefined
  /** Address of a host that files are downloaded from, apart from the server's own. */
  downloadUrl?: string | undefined
  /** How often it is looked whether the store is there. */
  lookMs?: number | undefined
  /** How long the last piece waits for its answer. */
  answerMs?: number | undefined
}
export type FilesRole = {
  /** Whether the pool's file store is here. */
  isThere(): boolean
  stop(): Promise<void>
}

export const uploadsPath = '/files/uploads'
const offsetStream = 'application/offset+octet-stream'
const drainMs = 1_000
/** How long the last piece of an upload waits for its answer while the file is finished, which goes on behind it. */
const answerMs = 15_000

/** The role `files`: uploads by tus below /files/uploads, downloads at /files/<id>. To be stopped before the HTTP server is, which closes the store. */
export async function addFiles(app: FastifyInstance, chat: Chat, options: FilesOptions): Promise<FilesRole> {
  const { store, keys, scan, scanOpen = false } = options
  const attached = openAttachment(chat, store, options.lookMs ?? lookMs)
  const { isThere } = attached
  const files: Files = {
    chat,
    db: chat.db,
    isThere,
    store,
    keys,
    scan,
    scanOpen,
    downloads: new Map(),
    mill: openMill(keys),
  }
  // Requests that are under way still need it.
  app.addHook('onClose', async () => {
    await files.mill.close()
    await store.close()
  })
  await attached.look()
  const finishing = openFinishing(files)
  /** The upload of a request, once it was checked: the library would look for one of its own in the address. */
  const checked = new WeakMap<object, string>()
  const tus = new Server({
    path: uploadsPath,
    getFileIdFromRequest: ({ runtime }) => runtime?.node && checked.get(runtime.node.req),
    datastore: new PieceStore(files),
    locker: openLeases(chat.db),
    lockDrainTimeout: drainMs,
    // Our pages only: no header invites those of others.
    allowedOrigins: [],
    onUploadFinish: async (_request, { id }) => {
      // Should it fail, those who look for leftovers do it; the bytes are safe.
      await within(options.answerMs ?? answerMs, finishing.begin(id))
      return {}
    },
    onResponseError: (_request, error) => toTusError(chat, error),
  })

  app.addContentTypeParser(offsetStream, (_request, _body, done) => done(null))
  app.route({
    method: ['HEAD', 'PATCH', 'DELETE'],
    url: `${uploadsPath}/:id`,
    handler: async (request, reply) => {
      // What follows a refusal is not read.
      reply.header('connection', 'close')
      const caller = await admit(chat, request)
      await attached.require()
      const id = idOf(request)
      if (/[?#]/.test(request.raw.url!))
        throw new Refusal('invalid_argument', 'Nothing follows the address of an upload. Leave out what is behind it.')
      const file = await requireUpload(chat, caller, id)
      if (await answerComplete(files, file, request, reply)) return reply
      checked.set(request.raw, id)
      reply.removeHeader('connection').hijack()
      limitSilence(request)
      await tus.handle(request.raw, reply.raw)
    },
  })
  app.options(`${uploadsPath}/:id`, async (request, reply) => {
    reply.hijack()
    await tus.handle(request.raw, reply.raw)
  })
  addDownloads(app, files, { downloadUrl: options.downloadUrl, requireStore: attached.require })

  finishing.keepLooking()
  const loops = [attached.keepLooking(), collectAlways(files, () => chat.settings.fileGraceDays, chat.log)]
  return {
    isThere,
    async stop() {
      await Promise.all([...loops.map(loop => loop.stop()), finishing.stop()])
    },
  }
}

/**
 * Of an upload that has come whole, where it is and its end are answered without its lease: whoever scans it has that, for as long as
 * the scan takes. False where the library answers.
 */
async function answerComplete(files: Files, file: FileRow, request: FastifyRequest, reply: FastifyReply) {
  const { id, size, received } = file
  if (received !== size || request.headers['tus-resumable'] !== TUS_RESUMABLE) return false
  if (request.method === 'DELETE' && (await removeFile(files.db, id, 'abandoned'))) reply.code(204)
  else if (request.method === 'HEAD') reply.headers({ 'upload-offset': size, 'upload-length': size })
  else return false
  reply.removeHeader('connection').headers({ 'tus-resumable': TUS_RESUMABLE, 'cache-control': 'no-store' }).send()
  return true
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = new AbortController()
  await Promise.race([work, sleep(ms, undefined, { signal: late.signal })]).finally(() => late.abort())
}

/** Of ours, as our doors say it; of the library's, as tus clients expect it. */
function toTusError(chat: Chat, error: Error | { status_code: number; body: string }) {
  if ('status_code' in error) return error
  const refusal = toRefusal(chat, error, { door: 'tus' })
  return { status_code: errorCodes[refusal.code].status, body: JSON.stringify({ error: refusal.toWire() }) }
}

const lookMs = 5_000

/** The store may come later than the server, and go before it: a bucket that is away, a folder that is mounted. */
function openAttachment(chat: Chat, store: FileStore, everyMs: number) {
  let there = false
  async function look() {
    try {
      await attachStore({ db: chat.db, store })
      if (!there) chat.log.info({ place: store.place }, 'the file store is there')
      there = true
    } catch (error) {
      const isOther = error instanceof OtherStore
      // What fails otherwise may be the database, or a moment; each request says so itself.
      if (isOther) there = false
      const reason = isOther ? error.message : `${store.place}: ${(error as Error).message}`
      if (!there) chat.log.warn({ reason }, 'the file store is not there')
    }
  }
  return {
    look,
    keepLooking: () => repeatEvery(everyMs, look, () => {}),
    isThere: () => there,
    async require() {
      if (!there)
        throw new Refusal('unavailable', 'The file store is not there now. Try again, or ask an administrator.', {
          retryAfterMs: lookMs,
        })
    },
  }
}
