import { createStore } from './store.ts'

/** Stories that stand open, by room and seq: the stream unmounts lines that scroll away, and they come back as they were. */
export const openStories = createStore<ReadonlySet<string>>(new Set())

export function storyKey(room: string, seq: number): string {
  return `${room}/${seq}`
}

export function toggleStory(key: string): void {
  openStories.update(open => {
    const next = new Set(open)
    if (!next.delete(key)) next.add(key)
    return next
  })
}
