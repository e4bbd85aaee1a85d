import { fileTypeFromBuffer } from 'file-type'

/** As much of a file's beginning as its type is found by. Nothing behind it is read, and nothing is unpacked beyond it. */
export const sampleBytes = 4100

const unknown = 'application/octet-stream'

/** The media type of a file by its first bytes. What its name or its sender says of it does not count. */
export async function sniff(sample: Buffer): Promise<string> {
  const found = await fileTypeFromBuffer(sample).catch(() => undefined)
  if (found) return found.mime
  return isText(sample) ? 'text/plain' : unknown
}

/** UTF-8 without controls but those of lines; a character may be cut at the end. */
function isText(sample: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: sample.length === sampleBytes })
    return !/[^\P{Cc}\t\n\f\r]/u.test(text)
  } catch {
    return false
  }
}
