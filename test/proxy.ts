import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server of this machine that can be broken like a network. */
export type TcpProxy = {
  port: number
  /** Breaks what there is and lets nobody in. */
  cut(): void
  /** Keeps what there is and lets in who comes, and passes nothing on in either direction. */
  freeze(): void
  /** Passes again, first what was held. */
  heal(): void
  /** Where new connections lead from now on. */
  lead(port: number): void
  connections(): number
  close(): Promise<void>
}

type Link = { near: Socket; far: Socket | undefined }

/** Listens on a free port of 127.0.0.1 and leads to another one there. */
export async function openProxy(target: number): Promise<TcpProxy> {
  let state: 'passing' | 'cut' | 'frozen' = 'passing'
  let leadsTo = target
  const links = new Set<Link>()

  function drop(link: Link) {
    links.delete(link)
    link.near.destroy()
    link.far?.destroy()
  }

  function join(link: Link) {
    const { near } = link
    if (!link.far) {
      const far = connect({ host: '127.0.0.1', port: leadsTo, noDelay: true })
      link.far = far
      far.on('error', () => {})
      far.on('close', () => drop(link))
    }
    near.pipe(link.far)
    link.far.pipe(near)
  }

  // A socket that is not read from does not learn that its peer has gone either: like a cable that was pulled.
  function part({ near, far }: Link) {
    near.unpipe()
    near.pause()
    far?.unpipe()
    far?.pause()
  }

  const server = createServer({ noDelay: true, pauseOnConnect: true }, near => {
    near.on('error', () => {})
    if (state === 'cut') return void near.resetAndDestroy()
    const link: Link = { near, far: undefined }
    links.add(link)
    near.on('close', () => drop(link))
    if (state === 'passing') join(link)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut'
      for (const link of [...links]) drop(link)
    },
    freeze() {
      state = 'frozen'
      for (const link of links) part(link)
    },
    heal() {
      if (state === 'frozen') for (const link of links) join(link)
      state = 'passing'
    },
    lead(port) {
      leadsTo = port
    },
    connections: () => links.size,
    async close() {
      for (const link of [...links]) drop(link)
      server.close()
      await once(server, 'close')
    },
  }
}
