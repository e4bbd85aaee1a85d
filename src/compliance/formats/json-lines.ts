import type { Adapter } from '../adapter.ts'

/** Every entry to the letter as it stands in the archive, one a line: the form that all else can be made of, and that the proof is about. */
export function openJsonLines(): Adapter {
  return {
    configure() {},
    async translate({ id, texts }, output) {
      async function* lines() {
        for (const text of texts) yield `${text}\n`
      }
      await output.write(`${id}.jsonl`, lines())
    },
  }
}
