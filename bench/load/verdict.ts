import { type ContentData, placeOf } from './contents.ts'
import type { HearingCounts, Watched } from './hearing.ts'

/** A post that the server acknowledged, by its poster. */
export type Acknowledged = { room: number; seq: number; number: number; hash: number; sentUs: number; ackUs: number }
/** Of a removal by an administrator: when it was answered, and when letting in again was asked for. */
export type Removal = { session: number; room: number; removedUs: number; againUs: number }
/** What stands in the store. */
export type Stored = { room: number; seq: number; hash: number }

/** What one process saw. */
export type Evidence = {
  counts: HearingCounts
  contents: ContentData
  watched: Watched[]
  acknowledged: Acknowledged[]
  /** Places that live sessions had not heard when all was quiet. */
  behind: number
  /** Requests of outsiders that were answered otherwise than "there is no such room". */
  told: number
}

export type Verdict = {
  lost: number
  doubled: number
  disordered: number
  leaked: number
  deliveries: number
  /** Posts that were acknowledged and are not in the store, or were heard nowhere or as something else; part of `lost`. */
  posts: number
}

export function judge(all: Evidence[], removals: Removal[], stored: Stored[]): Verdict {
  const sum = (pick: (evidence: Evidence) => number) => all.reduce((total, evidence) => total + pick(evidence), 0)
  const { heard, mismatched } = mergeContents(all)
  const acknowledged = all.flatMap(evidence => evidence.acknowledged)
  const posts = countLostPosts(acknowledged, heard, stored)
  return {
    lost: sum(({ behind, counts }) => behind + counts.mismatched) + mismatched + posts,
    doubled: sum(({ counts }) => counts.doubled) + countTwice(all, acknowledged),
    disordered: sum(({ counts }) => counts.disordered),
    leaked: sum(({ counts, told }) => counts.leaked + told) + countLeaks(all, acknowledged, removals),
    deliveries: sum(({ counts }) => counts.deliveries),
    posts,
  }
}

/** What was heard at each place, over all processes, and how often two did not hear the same. */
function mergeContents(all: Evidence[]): { heard: Map<number, number>; mismatched: number } {
  const heard = new Map<number, number>()
  let mismatched = 0
  for (const { contents } of all)
    for (const [index, room] of contents.room.entries()) {
      const place = placeOf(room, contents.seq[index]!)
      const known = heard.get(place)
      if (known === undefined) heard.set(place, contents.hash[index]!)
      else if (known !== contents.hash[index]) mismatched += 1
    }
  return { heard, mismatched }
}

function countLostPosts(acknowledged: Acknowledged[], heard: Map<number, number>, stored: Stored[]): number {
  const kept = new Map(stored.map(({ room, seq, hash }) => [placeOf(room, seq), hash]))
  return acknowledged.filter(({ room, seq, hash }) => {
    const place = placeOf(room, seq)
    return heard.get(place) !== hash || kept.get(place) !== hash
  }).length
}

/** One post at two places, heard or acknowledged. */
function countTwice(all: Evidence[], acknowledged: Acknowledged[]): number {
  const places = new Map<number, number>()
  const twice = new Set<number>()
  const see = (number: number, place: number) => {
    if (number < 0) return
    const known = places.get(number)
    if (known === undefined) places.set(number, place)
    else if (known !== place) twice.add(number)
  }
  for (const { room, seq, number } of acknowledged) see(number, placeOf(room, seq))
  for (const { contents } of all)
    for (const [index, room] of contents.room.entries())
      see(contents.number[index]!, placeOf(room, contents.seq[index]!))
  return twice.size
}

/**
 * What a removed session heard from a place at or after the first post that was sent after the removal was acknowledged, up
 * to the last one that was acknowledged before it was let in again: between these it was surely out, by position.
 */
function countLeaks(all: Evidence[], acknowledged: Acknowledged[], removals: Removal[]): number {
  const watched = all.flatMap(evidence => evidence.watched)
  let leaks = 0
  for (const { session, room, removedUs, againUs } of removals) {
    const since = acknowledged.filter(post => post.room === room && post.sentUs > removedUs && post.ackUs < againUs)
    const seqs = since.map(post => post.seq)
    const [from, through] = [Math.min(...seqs), Math.max(...seqs)]
    leaks += watched.filter(
      heard => heard.session === session && heard.room === room && heard.seq >= from && heard.seq <= through,
    ).length
  }
  return leaks
}
