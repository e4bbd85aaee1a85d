import { type DirectorySource, SourceAway, type SourceBatch, type SourceObject } from '../src/directory/source.ts'

/**
 * A directory in memory that behaves as Active Directory does: a unit that is called otherwise takes what lies below it along, and
 * members follow in the lists of groups, without a word in the log of changes.
 */
export type ScriptedDirectory = DirectorySource & {
  objects: Map<string, SourceObject>
  /** Adds or changes an object. */
  put(object: SourceObject): void
  /** Changes some of an object. */
  change(id: string, change: Partial<SourceObject>): void
  /** Another dn, and with it those of all that lies below. */
  rename(id: string, dn: string): void
  remove(id: string): void
  /** Deleted without a trace in the log: only the ids tell. */
  forget(id: string): void
  passwords: Map<string, string>
  /** A sentence: it cannot be asked. */
  away: string | undefined
  /** Runs before each batch is given out. */
  beforeBatch: () => Promise<unknown> | unknown
  /** Runs before a password is looked at. */
  beforePassword: () => Promise<unknown> | unknown
  /** How it was read so far. */
  reads: ('whole' | 'changes' | 'ids' | 'one')[]
  batchSize: number
}

export function openScriptedDirectory(name = 'corp'): ScriptedDirectory {
  const objects = new Map<string, SourceObject>()
  const changedAt = new Map<string, number>()
  const removedAt = new Map<string, number>()
  let now = 0
  const touch = (id: string) => {
    now += 1
    changedAt.set(id, now)
    removedAt.delete(id)
  }
  const refuseAway = () => {
    if (directory.away !== undefined) throw new SourceAway(directory.away)
  }

  async function* batches(changed: SourceObject[], gone: string[], signal?: AbortSignal): AsyncGenerator<SourceBatch> {
    for (let from = 0; from < Math.max(1, changed.length); from += directory.batchSize) {
      await directory.beforeBatch()
      signal?.throwIfAborted()
      refuseAway()
      const some = changed.slice(from, from + directory.batchSize)
      yield { objects: some.map(object => structuredClone(object)), gone: from === 0 ? gone : [] }
    }
  }

  const directory: ScriptedDirectory = {
    name,
    objects,
    passwords: new Map(),
    away: undefined,
    beforeBatch() {},
    beforePassword() {},
    reads: [],
    batchSize: 100,
    put(object) {
      objects.set(object.id, object)
      touch(object.id)
    },
    change(id, change) {
      directory.put({ ...objects.get(id)!, ...change })
    },
    rename(id, dn) {
      const before = objects.get(id)!.dn
      const follow = (text: string) =>
        text === before ? dn : text.endsWith(`,${before}`) ? `${text.slice(0, -before.length)}${dn}` : text
      for (const [key, object] of objects)
        objects.set(key, {
          ...object,
          dn: follow(object.dn),
          ...(object.members ? { members: object.members.map(follow) } : {}),
        })
      touch(id)
    },
    remove(id) {
      const { dn } = objects.get(id)!
      objects.delete(id)
      for (const [key, object] of objects)
        if (object.members?.includes(dn))
          objects.set(key, { ...object, members: object.members.filter(member => member !== dn) })
      now += 1
      removedAt.set(id, now)
      changedAt.delete(id)
    },
    forget(id) {
      directory.remove(id)
      removedAt.delete(id)
    },
    async read(cookie, signal) {
      refuseAway()
      const since = cookie === undefined ? 0 : Number(cookie)
      const whole = cookie === undefined
      directory.reads.push(whole ? 'whole' : 'changes')
      const through = `${now}`
      const changed = [...objects.values()].filter(object => (changedAt.get(object.id) ?? 0) > since)
      const gone = whole ? [] : [...removedAt].filter(([, at]) => at > since).map(([id]) => id)
      return { whole, batches: batches(changed, gone, signal), cookie: () => through }
    },
    async *ids() {
      refuseAway()
      directory.reads.push('ids')
      yield [...objects.keys()]
    },
    async readOne(id) {
      refuseAway()
      directory.reads.push('one')
      return structuredClone(objects.get(id))
    },
    async authenticate(id, password) {
      await directory.beforePassword()
      refuseAway()
      return password !== '' && directory.passwords.get(id) === password
    },
    async check() {
      refuseAway()
    },
    async close() {},
  }
  return directory
}

const base = 'dc=corp'

/** A user called `name`@corp.example in the unit with that dn. */
export function user(id: string, name: string, more: Partial<SourceObject> & { in?: string } = {}): SourceObject {
  const { in: unit = base, ...rest } = more
  return {
    id,
    kind: 'user',
    dn: `cn=${name},${unit}`,
    name: `${name}@corp.example`,
    displayName: name,
    disabled: false,
    ...rest,
  }
}

export function group(id: string, name: string, members: string[], more: Partial<SourceObject> & { in?: string } = {}) {
  const { in: unit = base, ...rest } = more
  const made: SourceObject = {
    id,
    kind: 'group',
    dn: `cn=${name},${unit}`,
    name,
    displayName: name,
    disabled: false,
    members,
  }
  return { ...made, ...rest }
}

export function unit(id: string, name: string, inside: string = base): SourceObject {
  return { id, kind: 'organizationalUnit', dn: `ou=${name},${inside}`, name, displayName: name, disabled: false }
}
