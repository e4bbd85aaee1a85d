import { readFile } from 'node:fs/promises'

/** Whether this world has root alone, as that of a user who is not root has: files can be given to nobody else. */
export async function isAlone(): Promise<boolean> {
  const [, , count] = (await readFile('/proc/self/uid_map', 'utf8')).trim().split(/\s+/)
  return count === '1'
}

/** PostgreSQL does not run as root: as somebody else, or as root who takes himself for somebody else. */
export function asNobodySpecial(alone: boolean): string[] {
  return alone
    ? ['unshare', '--user', '--map-user=5432', '--map-group=5432', '--']
    : ['setpriv', '--reuid=5432', '--regid=5432', '--clear-groups', '--']
}
