import { useSyncExternalStore } from 'react'

/** A value that outlives components: read it, set it, hear of it. */
export type Store<Value> = {
  get(): Value
  set(value: Value): void
  update(change: (value: Value) => Value): void
  subscribe(hear: () => void): () => void
}

export function createStore<Value>(initial: Value): Store<Value> {
  let current = initial
  const hearers = new Set<() => void>()
  function set(value: Value): void {
    if (Object.is(value, current)) return
    current = value
    for (const hear of hearers) hear()
  }
  return {
    get: () => current,
    set,
    update: change => set(change(current)),
    subscribe(hear) {
      hearers.add(hear)
      return () => hearers.delete(hear)
    },
  }
}

export function useStore<Value>(store: Store<Value>): Value {
  return useSyncExternalStore(store.subscribe, store.get)
}
