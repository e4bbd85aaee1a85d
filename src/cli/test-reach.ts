import { TestFailure } from './test-failure.ts'

/** Whether the server is there and ready. Rejects with the reason in one word, where there is one, and what was seen. */
export async function askReady(server: string, timeoutMs: number): Promise<void> {
  const answer = await fetch(`${server}/readyz`, { signal: AbortSignal.timeout(timeoutMs) }).catch((error: Error) => {
    const { cause, name } = error as { cause?: { code?: string; message?: string }; name: string }
    if (name === 'TimeoutError') throw new TestFailure('timeout', `${server} takes the connection and does not answer.`)
    const reason = reasonOf(cause?.code ?? '')
    // What the library of TLS says is for nobody.
    const said = reason === 'no_tls' ? 'no TLS is spoken there' : cause?.message || cause?.code || error.message
    throw new TestFailure(reason, `${server}: ${said}`)
  })
  const said = (await answer.json().catch(() => undefined)) as { status?: unknown; notes?: string[] } | undefined
  if (typeof said?.status !== 'string')
    throw new TestFailure(
      'not_ours',
      `${server}/readyz answered ${answer.status}, and nothing that a Persistent Chat Server says.`,
    )
  if (!answer.ok)
    throw new TestFailure('not_ready', `The server is not ready: ${said.notes?.join(', ') || 'no reason said'}.`)
}

function reasonOf(code: string): string {
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'unknown_host'
  if (/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|HOSTNAME)/.test(code)) return 'certificate'
  if (/SSL|EPROTO|HPE_/.test(code)) return 'no_tls'
  return 'unreachable'
}
