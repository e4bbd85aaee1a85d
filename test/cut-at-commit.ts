import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { makeFolder } from './folder.ts'

/** A way to the run's PostgreSQL that breaks where a commit is answered: it is done, and nobody hears of it. */
export type CutAtCommit = {
  /** The folder of its socket. */
  host: string
  /** The next commit is not answered; `for good`, nobody is let in after it. */
  cut(how: 'once' | 'for good'): void
  heal(): void
  close(): Promise<void>
}

const name = '.s.PGSQL.5432'

export async function openCutAtCommit(target: string): Promise<CutAtCommit> {
  const host = await makeFolder('pchat-cut')
  const links = new Set<Socket>()
  let armed: 'once' | 'for good' | undefined
  let isShut = false
  const server = createServer(near => {
    const far = connect(join(target, name))
    const drop = () => [near, far].map(one => one.destroy())
    for (const one of [near, far]) one.on('error', () => {}).on('close', drop)
    if (isShut) return drop()
    links.add(near)
    near.on('close', () => links.delete(near))
    near.pipe(far)
    far.on('data', bytes => {
      if (armed === undefined || !bytes.includes('COMMIT\0')) return near.write(bytes)
      isShut = armed === 'for good'
      armed = undefined
      return isShut ? [...links].map(one => one.destroy()) : drop()
    })
  })
  server.listen(join(host, name))
  await once(server, 'listening')
  return {
    host,
    cut(how) {
      armed = how
    },
    heal() {
      isShut = false
    },
    async close() {
      for (const one of links) one.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
