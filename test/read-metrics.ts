/** Samples of /metrics by name with labels, as Prometheus reads them. */
export async function readMetrics(url: string): Promise<Map<string, number>> {
  return samplesOf(await (await fetch(`${url}/metrics`)).text())
}

export function samplesOf(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+(?:\{[^}]*\})?) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  )
}
