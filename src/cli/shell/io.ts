import { createInterface } from 'node:readline/promises'

/** What a verb of the shell sees of the world; a test gives it another one. */
export type Io = {
  env: NodeJS.ProcessEnv
  out(text: string): void
  err(text: string): void
  /** Somebody sits there who can be asked. */
  isAsked: boolean
  /** Progress is shown, since nobody reads it from a file. */
  showsProgress: boolean
  ask(question: string): Promise<string>
  /** All of standard input; where `most` is said, no further than a little behind so many characters. */
  read(most?: number): Promise<string>
  exit(code: number): void
}

export const processIo: Io = {
  env: process.env,
  out: text => void process.stdout.write(text),
  err: text => void process.stderr.write(text),
  isAsked: Boolean(process.stdin.isTTY && process.stderr.isTTY),
  showsProgress: Boolean(process.stderr.isTTY),
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return await lines.question(question)
    } finally {
      lines.close()
    }
  },
  async read(most = Number.POSITIVE_INFINITY) {
    let text = ''
    for await (const chunk of process.stdin.setEncoding('utf8')) {
      text += chunk
      if (text.length >= most) break
    }
    return text
  },
  exit(code) {
    process.exitCode = code
  },
}
