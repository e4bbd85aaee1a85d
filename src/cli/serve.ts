import { createServer } from 'node:http'
import type { Log } from '../base/log.ts'
import type { StoreAddress } from '../store/db.ts'

export type ServeOptions = {
  address: StoreAddress
  host: string
  port: number
  tls?: { cert: string; key: string }
  domain?: string
  site?: string
  log: Log
  admin?: { user: string; password: string }
  webRoot: string
}
export type Serving = { url: string; setupUrl?: string; stop(): Promise<void> }

// Placeholder until the composition of the server stands here.
export async function serve(options: ServeOptions): Promise<Serving> {
  const server = createServer((_, response) => response.end('ok'))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, options.host, resolve))
  const bound = server.address()
  const port = typeof bound === 'object' ? bound?.port : options.port
  return {
    url: `http://${options.host}:${port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
