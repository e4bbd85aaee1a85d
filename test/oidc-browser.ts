/** As much of a browser as a sign-in needs: cookies of each origin, and redirects that can be looked at one by one. */
export type TestBrowser = {
  /** One request; redirects are answered, not followed. */
  ask(url: string, init?: RequestInit): Promise<Response>
  /** Follows redirects until something else is answered, or until `stop` says so of an address. */
  go(url: string, stop?: (url: URL) => boolean): Promise<{ url: string; response: Response | undefined; text: string }>
  cookies(origin: string): Map<string, string>
}

const maxSteps = 20

export function openTestBrowser(): TestBrowser {
  const jars = new Map<string, Map<string, string>>()
  const cookies = (origin: string) => {
    const jar = jars.get(origin) ?? new Map<string, string>()
    jars.set(origin, jar)
    return jar
  }

  async function ask(url: string, init: RequestInit = {}): Promise<Response> {
    const jar = cookies(new URL(url).origin)
    const headers = new Headers(init.headers)
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    headers.set('accept', headers.get('accept') ?? 'text/html')
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      const isGone = value === '' || attributes.some(one => /^max-age=0$|^expires=Thu, 01 Jan 1970/i.test(one))
      if (isGone) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  async function go(url: string, stop: (url: URL) => boolean = () => false) {
    let at = url
    for (let step = 0; step < maxSteps; step += 1) {
      if (step > 0 && stop(new URL(at))) return { url: at, response: undefined, text: '' }
      const response = await ask(at)
      const to = response.headers.get('location')
      if (to === null) return { url: at, response, text: await response.text() }
      at = new URL(to, at).href
    }
    throw new Error(`more than ${maxSteps} redirects, last to ${at}`)
  }
  return { ask, go, cookies }
}
