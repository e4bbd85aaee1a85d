type Answer = { getStatus(): number; getBody(): string }

/** The answer to the question how much is there has no body: its number says it all. */
const goneStatus = new Set([404, 410])

/** What the server said of an upload that failed, where it said something. */
export function uploadRefusal(error: unknown): unknown {
  const { originalResponse } = error as { originalResponse?: Answer | null }
  if (!originalResponse)
    return { code: 'unavailable', message: 'The server did not take the file. Check your network and try again.' }
  const told = errorIn(originalResponse.getBody())
  if (told !== undefined) return told
  if (goneStatus.has(originalResponse.getStatus()))
    return {
      code: 'not_found',
      message: 'What was sent of the file is gone from the server. Try again to send it anew.',
    }
  return { code: 'unavailable', message: 'The server did not take the file. Try again.' }
}

function errorIn(body: string): unknown {
  try {
    return (JSON.parse(body) as { error?: unknown } | null)?.error
  } catch {
    return undefined
  }
}
