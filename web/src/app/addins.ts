import type { AddinBridge } from './addin-bridge.ts'
import type { PostContent, Verdict } from './post-verdict.ts'

/** The add-ins whose pages stand open in this window, at most one a room. */
export type Addins = {
  /** Returns what takes it away. */
  open(room: string, bridge: AddinBridge): () => void
  judge(content: PostContent): Promise<Verdict>
}

export function createAddins(): Addins {
  const bridges = new Map<string, AddinBridge>()
  return {
    open(room, bridge) {
      bridges.set(room, bridge)
      return () => {
        if (bridges.get(room) === bridge) bridges.delete(room)
        bridge.close()
      }
    },
    judge: async content => (await bridges.get(content.room)?.judge(content)) ?? { verdict: 'Passed' },
  }
}
