import type { BenchServer } from './server.ts'

/** What the server says of its commits, counted since it began: differences of two are of the time between. */
export type Batches = { commits: number; posts: number; seconds: number }

export async function readBatches({ port }: Pick<BenchServer, 'port'>): Promise<Batches> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
  return {
    commits: figure('pchat_batch_seconds_count'),
    posts: figure('pchat_batch_posts_sum'),
    seconds: figure('pchat_batch_seconds_sum'),
  }
}
