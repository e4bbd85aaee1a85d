import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { openGate } from '../base/gate.ts'
import type { Preview } from '../protocol/file.ts'
import type { FileRow } from '../store/file.ts'
import { previewStart, setPreview } from '../store/file-piece.ts'
import type { Files } from './files.ts'
import { gather, putPiece, readBody } from './objects.ts'
import { dimensionsOf } from './picture.ts'

const program = fileURLToPath(new URL('preview-process.ts', import.meta.url))
const drawn = new Set(['image/png', 'image/jpeg', 'image/gif'])
const maxPictureBytes = 32 * 1024 * 1024
/** What a picture may have of pixels, in both directions together; its bytes say nothing of that. */
const maxPixels = 40_000_000
const headBytes = 256 * 1024
const fit = { width: 480, height: 360 }

export type Bounds = { memoryBytes: number; ms: number }
/** 40 million pixels are 160 MB, and some more while they are made smaller. */
const bounds: Bounds = { memoryBytes: 768 * 1024 * 1024, ms: 20_000 }

/** One picture at a time in each process; who would wait long goes without. */
const gate = openGate(1)
const waitMs = 30_000
const maxWaiting = 20

/** A small picture of a picture, where one can be made within bounds; a file without one is as good. */
export async function makePreview(files: Files, file: FileRow): Promise<void> {
  if (!drawn.has(file.type!) || file.size > maxPictureBytes) return
  const head = await gather(readBody(files, file.body!, 0, Math.min(file.size, headBytes) - 1))
  const said = dimensionsOf(head)
  if (!said || said.width === 0 || said.width * said.height > maxPixels) return
  if (!(await gate.enter(waitMs, maxWaiting))) return
  try {
    const { jpeg, preview } = await drawSmall(readBody(files, file.body!, 0, file.size - 1))
    await setPreview(files.db, await putPiece(files, file.body!, previewStart, jpeg), preview)
  } catch (error) {
    files.chat.log.info({ file: file.id, reason: (error as Error).message }, 'no preview was made')
  } finally {
    gate.leave()
  }
}

/** Draws in a process of its own, which is ended where it takes too long or too much memory. */
export async function drawSmall(
  bytes: AsyncIterable<Buffer>,
  { memoryBytes, ms }: Bounds = bounds,
): Promise<{ jpeg: Buffer; preview: Preview }> {
  // Nothing of this process's environment, keys and passwords among it, is any business of a decoder's.
  const child = spawn(process.execPath, ['--max-old-space-size=256', program, `${fit.width}`, `${fit.height}`], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
  })
  const guard = watch(child, memoryBytes, ms)
  try {
    const said = gather(child.stdout)
    // A process that has ended reads nothing more: why, says its end.
    await pipeline(Readable.from(bytes), child.stdin).catch(() => {})
    const drawing = await said
    await guard.ended
    return {
      jpeg: drawing.subarray(4),
      preview: { width: drawing.readUInt16BE(0), height: drawing.readUInt16BE(2) },
    }
  } finally {
    child.kill('SIGKILL')
    guard.stop()
  }
}

const lookMs = 50

/** The bounds of V8 are not those of buffers: the kernel's word counts. */
function watch(child: ChildProcess, memoryBytes: number, ms: number) {
  let why: string | undefined
  const end = (reason: string) => {
    why ??= reason
    child.kill('SIGKILL')
  }
  const late = setTimeout(() => end(`it took longer than ${ms} ms`), ms)
  const look = setInterval(async () => {
    const bytes = await residentBytes(child.pid)
    if (bytes > memoryBytes) end(`it took more than ${memoryBytes} bytes of memory`)
  }, lookMs)
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code =>
      code === 0 ? resolve() : reject(new Error(why ?? 'it is no picture that can be drawn')),
    )
  })
  ended.catch(() => {})
  return {
    ended,
    stop() {
      clearTimeout(late)
      clearInterval(look)
    },
  }
}

const pageBytes = 4096

async function residentBytes(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '')
  return Number(text.split(' ')[1] ?? 0) * pageBytes
}
