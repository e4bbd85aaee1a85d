import type { WireError } from '../src/protocol/error.ts'
import type { Input, Result, Verb } from '../src/protocol/request.ts'

/** The answer of a verb at one of the doors: a result or an error, never both. */
export type Answer<V extends Verb> = { result: Result<V>; error?: undefined } | { result?: undefined; error: WireError }

/** Asks at the HTTP door; no token is a stranger. */
export async function askHttp<V extends Verb>(
  url: string,
  token: string | undefined,
  verb: V,
  input: Input<V>,
): Promise<Answer<V>> {
  const response = await fetch(`${url}/api/v1/${verb}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(input),
  })
  return (await response.json()) as Answer<V>
}

/** The result; throws where the verb is refused. */
export async function call<V extends Verb>(
  url: string,
  token: string | undefined,
  verb: V,
  input: Input<V>,
): Promise<Result<V>> {
  const answer = await askHttp(url, token, verb, input)
  if (answer.error) throw new Error(`${verb}: ${answer.error.code} ${answer.error.message}`)
  return answer.result
}
