import { parentPort } from 'node:worker_threads'
import { judgeDocument } from '../topology/judge.ts'
import type { Answered, Asked } from './topology-checker.ts'

/** Checks documents for a server, beside the loop that serves; started by src/cli/topology-checker.ts. */
parentPort!.on('message', ({ ask, text, before }: Asked) =>
  parentPort!.postMessage({ ask, judged: judgeDocument(text, before) } satisfies Answered),
)
