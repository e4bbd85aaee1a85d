import { spawn } from 'node:child_process'

const maxMs = 300_000

/** XML through an XSLT file by `xsltproc`, which reaches neither the network nor other files' definitions. */
export function transform(xml: string, stylesheet: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('xsltproc', ['--nonet', '--novalid', '--nowrite', stylesheet, '-'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: maxMs,
    })
    const out: Buffer[] = []
    let complaint = ''
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk).slice(0, 2_000)
    })
    // It may end before it has read all: its own words say why.
    child.stdin.on('error', () => {})
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new Error('xsltproc is not installed. Install it (Debian: xsltproc), or leave the transformation out.')
          : error,
      ),
    )
    child.on('close', code =>
      code === 0
        ? resolve(Buffer.concat(out).toString('utf8'))
        : reject(new Error(`xsltproc could not apply ${stylesheet}: ${complaint.trim() || `exit code ${code}`}`)),
    )
    child.stdin.end(xml)
  })
}
