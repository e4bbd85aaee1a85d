/** The package has no types of its own; this is what the tests touch of it. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export type Model = { jti: string; destroy(): Promise<void> }
  export type Koa = { path: string; req: IncomingMessage; res: ServerResponse; respond?: boolean }
  export class Provider {
    constructor(issuer: string, configuration: object)
    proxy: boolean
    use(middleware: (ctx: Koa, next: () => Promise<void>) => Promise<void>): void
    on(event: string, hear: (...told: unknown[]) => void): void
    callback(): (request: IncomingMessage, response: ServerResponse) => void
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
    Grant: {
      new (of: {
        accountId: string
        clientId: string
      }): {
        addOIDCScope(scopes: string): void
        addOIDCClaims(claims: string[]): void
        save(): Promise<string>
      }
      find(id: string): Promise<Model | undefined>
    }
    RefreshToken: { revokeByGrantId(id: string): Promise<void> }
  }
}
