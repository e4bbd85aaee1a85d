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

/** Time to try the others. */
const othersMs = 3_000

/**
 * Whether the browser keeps this page from a server that it is sent to, and it comes to no other one for a while: its content security policy
 * names the servers that the pool had when it was loaded. Until it is connected again.
 */
export function useIsOutdated(isOpen: boolean): boolean {
  const [isOutdated, setOutdated] = useState(false)
  useEffect(() => {
    setOutdated(false)
    if (isOpen) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective === 'connect-src' && /^wss?:/.test(blockedURI))
        timer ??= setTimeout(() => setOutdated(true), othersMs)
    }
    document.addEventListener('securitypolicyviolation', look)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('securitypolicyviolation', look)
    }
  }, [isOpen])
  return isOutdated
}
