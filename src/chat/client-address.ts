import type { IncomingMessage } from 'node:http'
import { addressOf, type Trust } from '../base/proxies.ts'
import { Refusal } from '../protocol/error.ts'

/**
 * IP address of who asks. Refusal invalid_argument where a proxy that is trusted names none: limits would count somebody who is nobody, and
 * the record would name him.
 */
export function clientAddress(request: IncomingMessage, trust: Trust | undefined): string {
  const address = addressOf(request, trust)
  if (address === undefined)
    throw new Refusal(
      'invalid_argument',
      'The load balancer does not say by an address for whom it asks. Have it send addresses alone, without ports, in X-Forwarded-For.',
    )
  return address
}
