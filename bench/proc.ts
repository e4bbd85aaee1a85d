import { readdirSync, readFileSync } from 'node:fs'

/** Of every Linux: USER_HZ. */
const TICKS_PER_SECOND = 100

/** Seconds of CPU that a process has used, its ended children included. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid)
  // utime, stime, cutime, cstime are fields 14 to 17; the first here is field 3.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND
}

/** Of a postmaster with all its backends. */
export function cpuSecondsWithChildren(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), cpuSeconds(pid))
}

/** None of a process that has ended and was not awaited yet. */
export function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes ?? 0) * 1024
}

/** Resident, but a page that several processes have counts as a part of each. The kernel walks all pages for it. */
export function proportionalBytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
  return Number(kilobytes ?? 0) * 1024
}

export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return findChildren(pid)
  }
}

/** For a kernel that does not list them, and for a process that is gone. */
function findChildren(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(other => Number.isInteger(other) && parentOf(other) === pid)
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(statOf(pid)[1])
  } catch {
    return undefined
  }
}

/** The fields after the name, which may hold spaces. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
