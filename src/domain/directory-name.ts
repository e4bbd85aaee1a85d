import { codePoints, nameKey } from './name.ts'

/**
 * Names of one space for objects of many places: who gets which, when several change at once. Pure: claims and holders come in,
 * names come out.
 */

/** An object that is to be called `name`. */
export type Claim = {
  id: string
  /** Key of the name that it has now; undefined of a newcomer. */
  current?: string | undefined
  name: string
  /** What it may be called instead, where that name is taken. */
  otherwise?: string | undefined
}

/** Who has a name now. `yields`: he is gone, and a newcomer of his source may have it. */
export type Holder = { key: string; yields: boolean; claim?: string | undefined }

export type Settled = {
  /** Id of the claim to its new name. */
  names: Map<string, string>
  /** Id of the claim to the name that it does not get; it keeps the one that it has, or is left out. */
  refused: Map<string, string>
  /** Keys whose holders are gone and have to give them up. */
  yielded: Set<string>
}

/**
 * Names follow each other in chains (A takes B's, B takes C's) and circles (A and B change names). A name that several want is of
 * the one that is here already, then of the first by id; so each has one successor at most, and a chain ends or is a circle.
 */
export function settleNames(claims: Claim[], holders: Holder[]): Settled {
  const holderOf = new Map(holders.map(holder => [holder.key, holder]))
  const byId = new Map(claims.map(claim => [claim.id, claim]))
  const winnerOf = new Map<string, Claim>()
  for (const claim of claims) {
    const key = nameKey(claim.name)
    const other = winnerOf.get(key)
    if (!other || isBefore(claim, other, key)) winnerOf.set(key, claim)
  }
  const given = new Map<string, string>()
  const settled: Settled = { names: new Map(), refused: new Map(), yielded: new Set() }
  const leaves = new Map<string, boolean>()

  function take(claim: Claim, name: string): void {
    const key = nameKey(name)
    given.set(key, claim.id)
    settled.names.set(claim.id, name)
    if (holderOf.get(key)?.yields && holderOf.get(key)?.claim !== claim.id) settled.yielded.add(key)
  }

  /** Whether the claim leaves the name that it has. A chain may be as long as there are claims: no recursion. */
  function settle(first: Claim): boolean {
    const chain: Claim[] = []
    let claim: Claim | undefined = first
    let isOpen = false
    while (claim) {
      const known = leaves.get(claim.id)
      if (known !== undefined) {
        isOpen = known
        break
      }
      const key = nameKey(claim.name)
      chain.push(claim)
      // In a circle the first one is met again, as one that leaves.
      leaves.set(claim.id, true)
      if (winnerOf.get(key) !== claim) {
        isOpen = false
        break
      }
      const holder = holderOf.get(key)
      if (!holder || holder.yields || holder.claim === claim.id) {
        isOpen = true
        break
      }
      claim = holder.claim === undefined ? undefined : byId.get(holder.claim)
      if (!claim) isOpen = false
    }
    for (const each of chain.reverse()) {
      if (isOpen) take(each, each.name)
      else isOpen = fallBack(each)
      leaves.set(each.id, isOpen)
    }
    return isOpen
  }

  /** The other name, or none. Answers whether the claim leaves the name that it has. */
  function fallBack(claim: Claim): boolean {
    const { otherwise } = claim
    const key = otherwise === undefined ? undefined : nameKey(otherwise)
    const holder = key === undefined ? undefined : holderOf.get(key)
    const isHeld = holder !== undefined && !holder.yields && holder.claim !== claim.id
    if (key === undefined || given.has(key) || winnerOf.has(key) || isHeld) {
      settled.refused.set(claim.id, claim.name)
      return false
    }
    take(claim, otherwise!)
    return key !== claim.current
  }

  for (const claim of claims) settle(claim)
  return settled
}

function isBefore(one: Claim, other: Claim, key: string): boolean {
  const has = (claim: Claim) => (claim.current === key ? 0 : claim.current !== undefined ? 1 : 2)
  return has(one) - has(other) < 0 || (has(one) === has(other) && one.id < other.id)
}

const maxName = 256

/** What a group or unit is called whose name is taken: with the place where it lies. */
export function qualifiedName(name: string, container: string): string {
  const whole = `${name} (${container})`
  if (codePoints(whole) <= maxName) return whole
  // The end of a place says less than its beginning.
  return `${[...whole].slice(0, maxName - 2).join('')}…)`
}

/** The place of a distinguished name: what follows its first comma that is none of a value. */
export function containerOf(dn: string): string {
  for (let i = 0; i < dn.length; i += 1) {
    if (dn[i] === '\\') i += 1
    else if (dn[i] === ',') return dn.slice(i + 1)
  }
  return ''
}

/** Fewer than these are a usual day, whatever share of a small directory they are. */
const usualLosses = 10

/** Why a run that would shut out so many of a source's users has to be asked for; undefined where it may go on. */
export function refuseLosses(source: string, lost: number, users: number, maxShare: number): string | undefined {
  if (lost === 0) return undefined
  // Nobody at all is what a wrong base or filter looks like, also where there were few.
  const isNobodyLeft = lost >= users && users > 1
  if (!isNobodyLeft && lost <= Math.max(usualLosses, Math.floor(users * maxShare))) return undefined
  const share = Math.round((100 * lost) / users)
  return `This run would disable ${lost} of the ${users} users of ${source} (${share} %). Nothing was changed. Look at what it would do with a dry run (pchat directory sync --dry-run), mend base and filters of the source; or, if it is right, force it.`
}
