import { useEffect, useState, useSyncExternalStore } from 'react'
import type { ConnectionState } from '../../../src/client/link.ts'
import { useChat } from './chat.ts'

export function useConnectionState(): ConnectionState {
  const { client } = useChat()
  return useSyncExternalStore(
    hear => client.on('state', hear),
    () => client.state,
  )
}

/**
 * Whether the browser lets this page connect to none of the servers that it is sent to: its content security policy names those that the pool
 * had when it was loaded. Until it is connected again.
 */
export function useIsOutdated(isOpen: boolean): boolean {
  const [isOutdated, setOutdated] = useState(false)
  useEffect(() => {
    setOutdated(false)
    if (isOpen) return
    const look = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective === 'connect-src' && /^wss?:/.test(blockedURI)) setOutdated(true)
    }
    document.addEventListener('securitypolicyviolation', look)
    return () => document.removeEventListener('securitypolicyviolation', look)
  }, [isOpen])
  return isOutdated
}
