/** Listeners by the name of what they hear. */
export function createEars<Heard>() {
  const ears = new Map<keyof Heard, Set<(heard: never) => void>>()

  function on<Name extends keyof Heard>(name: Name, hear: (heard: Heard[Name]) => void): () => void {
    const hearing = ears.get(name) ?? new Set()
    ears.set(name, hearing.add(hear))
    return () => hearing.delete(hear)
  }

  function tell<Name extends keyof Heard>(name: Name, heard: Heard[Name]): void {
    for (const hear of ears.get(name) ?? []) {
      try {
        hear(heard as never)
      } catch (error) {
        // The others still hear it, and the fault surfaces as uncaught, where its owner looks for it.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  return { on, tell }
}
