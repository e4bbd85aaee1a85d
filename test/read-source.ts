import type { DirectorySource, SourceObject } from '../src/directory/source.ts'

export type Read = {
  whole: boolean
  tellsGone: boolean | undefined
  /** The last state of each, in order. */
  objects: SourceObject[]
  names: string[]
  gone: string[]
  batches: number
  cookie: string
  /** By its name; throws where it is not there. */
  get(name: string): SourceObject
}

/** A reading to its end. */
export async function readAll(source: DirectorySource, cookie?: string, signal?: AbortSignal): Promise<Read> {
  const reading = await source.read(cookie, signal)
  const objects = new Map<string, SourceObject>()
  const gone: string[] = []
  let batches = 0
  for await (const batch of reading.batches) {
    batches += 1
    for (const object of batch.objects) objects.set(object.id, object)
    gone.push(...batch.gone)
  }
  const list = [...objects.values()]
  return {
    whole: reading.whole,
    tellsGone: reading.tellsGone,
    objects: list,
    names: list.map(({ name }) => name).sort(),
    gone,
    batches,
    cookie: reading.cookie(),
    get(name) {
      const found = list.find(object => object.name === name)
      if (!found) throw new Error(`${name} was not read, but ${list.map(object => object.name).join(', ')}`)
      return found
    },
  }
}

export async function idsOf(source: DirectorySource): Promise<string[]> {
  const ids: string[] = []
  for await (const some of source.ids()) ids.push(...some)
  return ids
}
