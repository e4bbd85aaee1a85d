import { makeHandOverSecret } from '../client/pool.ts'
import type { Result } from '../protocol/request.ts'
import { findSignIn, keepSignIn, keptFile } from './kept-sign-in.ts'
import { post, Refused, readServer } from './remote.ts'

type Answer<V extends 'session.handOver' | 'session.signIn'> = { result: Result<V> }

/** Signs in at another pool with the sign-in that is kept of this one. Answers who, and where. Throws with what to do. */
export async function signInAtPool(
  pool: string,
  server: string | undefined,
  ca: string | undefined,
): Promise<{ user: string; there: string }> {
  const file = keptFile()
  const kept = await findSignIn(file, server)
  const { verifier, challenge } = await makeHandOverSecret()
  const here = { server: kept.server, token: kept.token, ca }
  const { ticket, url } = (
    await post<Answer<'session.handOver'>>(here, '/api/v1/session.handOver', { pool, challenge })
  ).result
  // As any address that somebody types: no ticket goes out in the clear.
  const there = readServer(url)
  const came = await post<Answer<'session.signIn'>>({ server: there, ca }, '/api/v1/session.signIn', {
    handOver: ticket,
    verifier,
  }).catch(error => {
    if (error instanceof Refused && error.wire?.code === 'second_factor_required')
      throw new Error(`${there} asks for a second factor. Sign in there: pchat sign-in --server ${there}`)
    throw error
  })
  const { token, me } = came.result
  await keepSignIn(file, there, { token, user: me.name })
  return { user: me.name, there }
}
