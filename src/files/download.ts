import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../chat/chat.ts'
import { requireDownload, requireDownloadStill } from '../chat/file-access.ts'
import { recordDownload } from '../chat/record.ts'
import { dispositionOf, isInlineType, parseRange } from '../domain/file.ts'
import { notFound } from '../protocol/error.ts'
import type { FileRow } from '../store/file.ts'
import { readPreviewPiece } from '../store/file-piece.ts'
import type { Files } from './files.ts'
import { readBody, readPiece } from './objects.ts'

/** While bytes go out the right to them is asked for again, at most this often. */
const askAgainMs = 1_000
const previewType = 'image/jpeg'

/** Nothing that was uploaded runs, is guessed at, frames or is framed. */
const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'; img-src 'self'; frame-ancestors 'none'",
  // Kept by the browser of who may read it, and asked for again each time.
  'cache-control': 'private, no-cache',
}

/** GET and HEAD /files/<id>: the whole or one range, by `?download` to be saved. Refusal not_found. */
export async function download(files: Files, caller: Caller, id: string, request: FastifyRequest, reply: FastifyReply) {
  const file = await requireDownload(files.chat, caller, id)
  const etag = `"${file.sha256}"`
  const inline = isInlineType(file.type!) && !('download' in (request.query as object))
  reply.headers({
    ...safeHeaders,
    etag,
    'accept-ranges': 'bytes',
    'content-type': safeType(file.type!),
    'content-disposition': dispositionOf(file.name, inline),
  })
  if (isKnown(request, etag)) return reply.code(304).send()
  const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
  const range = isSame ? parseRange(request.headers.range, file.size) : undefined
  if (range === null) return reply.code(416).header('content-range', `bytes */${file.size}`).send()
  const { first, last } = range ?? { first: 0, last: file.size - 1 }
  if (range) reply.code(206).header('content-range', `bytes ${first}-${last}/${file.size}`)
  reply.header('content-length', last - first + 1)
  if (request.method === 'HEAD') return reply.send(nothing())
  await recordBeginning(files, caller, file, first)
  return reply.send(Readable.from(bytesOf(files, caller, file, first, last), { objectMode: false }))
}

/** Ranges that one sign-in asks for within this time of each other are one download. */
const sameDownloadMs = 10 * 60_000
const maxDownloads = 10_000

/**
 * Records where a download begins, wherever in the file, and not what goes on with it: each once. Only what was recorded goes on: a
 * range that is asked for again after its record was refused begins again.
 */
async function recordBeginning({ chat, downloads }: Files, caller: Caller, file: FileRow, first: number) {
  const key = `${caller.session} ${file.id}`
  const before = downloads.get(key)
  const goesOn = first > 0 && before !== undefined && performance.now() - before.at < sameDownloadMs
  const recorded = goesOn ? before.recorded : recordDownload(chat, caller.user.id, file)
  // At once, so that ranges that are asked for together wait for the one record.
  const entry = { at: performance.now(), recorded }
  downloads.delete(key)
  downloads.set(key, entry)
  if (downloads.size > maxDownloads) downloads.delete(downloads.keys().next().value!)
  try {
    await recorded
  } catch (error) {
    if (downloads.get(key)?.recorded === recorded) downloads.delete(key)
    throw error
  }
}

function bytesOf(files: Files, caller: Caller, file: FileRow, first: number, last: number): AsyncGenerator<Buffer> {
  let askedAt = performance.now()
  return readBody(files, file.body!, first, last, async () => {
    if (performance.now() - askedAt < askAgainMs) return
    await requireDownloadStill(files.chat, caller, file.id)
    askedAt = performance.now()
  })
}

/** GET /files/<id>/preview: a small JPEG of a picture. Refusal not_found, also where there is none. */
export async function downloadPreview(
  files: Files,
  caller: Caller,
  id: string,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const file = await requireDownload(files.chat, caller, id)
  const piece = file.preview === null ? undefined : await readPreviewPiece(files.db, file.body!)
  if (!piece) throw notFound('file')
  const etag = `"${file.sha256}-preview"`
  reply.headers({ ...safeHeaders, etag, 'content-type': previewType, 'content-length': piece.size })
  if (isKnown(request, etag)) return reply.code(304).removeHeader('content-length').send()
  if (request.method === 'HEAD') return reply.send()
  // Whoever sees it small has seen it.
  await recordDownload(files.chat, caller.user.id, file)
  return reply.send(Readable.from(readPiece(files, piece), { objectMode: false }))
}

/** A stream leaves the length as it was said. */
function nothing(): Readable {
  return Readable.from([])
}

function isKnown(request: FastifyRequest, etag: string): boolean {
  const asked = request.headers['if-none-match']?.split(',').map(one => one.trim().replace(/^W\//, '')) ?? []
  return asked.includes(etag) || asked.includes('*')
}

/** Text and what is made of it says its own encoding, and no browser is told to make a page of it. */
function safeType(type: string): string {
  if (isInlineType(type) || /^(application\/(pdf|zip|octet-stream)|audio\/|video\/)/.test(type)) return type
  return type === 'text/plain' ? 'text/plain; charset=utf-8' : 'application/octet-stream'
}
