import type { Head } from './central.ts'

/** As much of a replica as tells where it stands. */
export type Held = { store: string; version: number; mark: string; adoptions: string[] }

/**
 * How a replica stands to the store that it sees:
 * - `same`: it has what is published.
 * - `newer`: what is published follows on what it has, or was adopted since: it is taken.
 * - `empty`: nothing is published, and there is no replica.
 * - `behind`, `parted`, `other`: the store was restored from an older copy, went another way since, or is another one. None is taken.
 */
export type Standing = 'same' | 'newer' | 'empty' | 'behind' | 'parted' | 'other'

export function standingOf(head: Head, held: Held | undefined): Standing {
  if (!held) return head.version === 0 ? 'empty' : 'newer'
  const isOurs = head.store === held.store && head.markThere === held.mark
  if (isOurs) return head.version === held.version ? 'same' : 'newer'
  // An adoption that the replica knows already was there before it went ahead.
  const isAdopted = head.adoptions.some(mark => !held.adoptions.includes(mark))
  if (isAdopted && head.version > 0) return 'newer'
  if (head.store !== held.store) return 'other'
  return head.version < held.version ? 'behind' : 'parted'
}

/** What an administrator is told of a store that is not followed. */
export function standingSentence(standing: 'behind' | 'parted' | 'other', head: Head, held: Held): string {
  const what = {
    behind: `has version ${head.version}, older than version ${held.version} of this server: it was restored from an older copy`,
    parted: `has another version ${held.version} than this server, at ${head.version}: it was restored from an older copy, and published to since`,
    other: `is another one than the one that version ${held.version} of this server came from`,
  }
  return `The Central Management Store ${what[standing]}. It is not followed. Restore the newer one, or publish there what shall be and run pchat topology adopt.`
}
