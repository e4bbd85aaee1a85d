import type { Principal } from '../protocol/principal.ts'

/** Users as small numbers, each kept once: a process of a large pool holds a million of them in rooms. */
export type People = {
  /** His number. The newest name of a user is the one of all his rooms. */
  number(principal: Principal): number
  /** Undefined where nobody keeps him. */
  find(id: string): number | undefined
  principal(person: number): Principal
  /** In one room more. */
  keep(person: number): void
  /** In one less; after the last one the number is another one's. */
  release(person: number): void
  clear(): void
}

export function openPeople(): People {
  const numbers = new Map<string, number>()
  const principals: (Principal | undefined)[] = []
  const uses: number[] = []
  const free: number[] = []

  function add(principal: Principal): number {
    const person = free.pop() ?? principals.length
    numbers.set(principal.id, person)
    principals[person] = principal
    uses[person] = 0
    return person
  }

  return {
    number(principal) {
      const person = numbers.get(principal.id)
      if (person === undefined) return add(principal)
      // Each message brings an object of its own: the one that is old already stays.
      if (!isSame(principals[person]!, principal)) principals[person] = principal
      return person
    },
    find: id => numbers.get(id),
    principal: person => principals[person]!,
    keep(person) {
      uses[person]! += 1
    },
    release(person) {
      uses[person]! -= 1
      if (uses[person]! > 0) return
      numbers.delete(principals[person]!.id)
      principals[person] = undefined
      free.push(person)
    },
    clear() {
      numbers.clear()
      for (const all of [principals, uses, free]) all.length = 0
    },
  }
}

function isSame(one: Principal, other: Principal): boolean {
  return one.name === other.name && one.displayName === other.displayName && one.kind === other.kind
}
