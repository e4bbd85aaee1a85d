import { open } from 'node:fs/promises'
import { Refusal } from '../protocol/error.ts'
import { lockFile } from './data-folder.ts'

const file = '/run/pchat-bootstrap.lock'
/** What a killed bootstrapper had begun ends within that. */
const waitSeconds = 5

/** One bootstrapper at a time on a machine. The kernel holds the lock for as long as it or a program that it began lives. */
export async function lockMachine(): Promise<{ descriptor: number; release(): Promise<void> }> {
  const handle = await open(file, 'a', 0o600)
  if (!(await lockFile(handle, waitSeconds))) {
    await handle.close()
    throw new Refusal('conflict', 'Another pchat bootstrap works on this machine. Wait until it has ended.')
  }
  return { descriptor: handle.fd, release: () => handle.close() }
}
