import { useEffect, useState } from 'react'
import type { Input, Result } from '../../../src/protocol/request.ts'
import { maxTopologyBytes } from '../../../src/protocol/topology-limits.ts'
import type { TopologyPicture } from '../../../src/protocol/topology-verbs.ts'
import { MAX_FRAME_BYTES } from '../../../src/protocol/version.ts'
import { type Ask, useChat } from './chat.ts'
import { type Fault, faultOf } from './fault.ts'

export type Checked = Result<'topology.check'>
export type Problem = { level: 'error' | 'advice'; message: string; rule: string; path: string; line: number }

/** Who types waits for his answer, and the server for the end of his word. */
const afterMs = 350
const againMs = 3_000

/** What the server says of the text; of the one before while it is on its way. `version` asks again once another one is published. */
export function useTopologyCheck(text: string, version: number | undefined) {
  const { ask } = useChat()
  const [state, setState] = useState<{ checked?: Checked; picture?: TopologyPicture; fault?: Fault; text?: string }>({})
  useEffect(() => {
    // Asked again where another version is published.
    void version
    if (text === '') return
    let isOld = false
    const check = async () => {
      try {
        const checked = await checkText(ask, { text })
        if (isOld) return
        // Of a text that cannot be read there is no picture: the one before stays.
        setState(before => ({ checked, text, ...pictured(checked.picture ?? before.picture) }))
      } catch (error) {
        if (isOld) return
        const fault = faultOf(error)
        setState(before => ({ ...before, fault, text }))
        // It was not the text that was refused.
        if (fault.code === 'rate_limited' || fault.code === 'unavailable') waiting = setTimeout(check, againMs)
      }
    }
    let waiting = setTimeout(check, afterMs)
    return () => {
      isOld = true
      clearTimeout(waiting)
    }
  }, [ask, text, version])
  return { ...state, isCurrent: state.text === text }
}

function pictured(picture: TopologyPicture | undefined) {
  return picture === undefined ? {} : { picture }
}

const tooLarge = `The document has more than ${maxTopologyBytes.toLocaleString('en')} bytes. One of that size is checked and published in the shell: pchat topology publish.`

const tooLargeTogether =
  'The two documents are too large to be compared here. Download them, and compare them in the shell: pchat topology diff.'

/** What the server says of a text. What has no room in a frame is refused here: there the session would be closed over it. */
export async function checkText(ask: Ask, input: Input<'topology.check'>): Promise<Checked> {
  const { text, before = '' } = input
  const isLarge = bytesOf(text) > maxTopologyBytes || !hasRoom(text)
  if (isLarge || bytesOf(before) > maxTopologyBytes || !hasRoom(text, before))
    throw Object.assign(new Error(isLarge ? tooLarge : tooLargeTogether), { code: 'too_large' })
  return ask('topology.check', input)
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

/** Besides them a frame holds little. */
function hasRoom(...texts: string[]): boolean {
  return bytesOf(JSON.stringify(texts)) <= MAX_FRAME_BYTES - 10_000
}

/** Faults and findings in one list, errors first. */
export function problemsOf(checked: Checked | undefined): Problem[] {
  if (checked === undefined) return []
  return [
    ...checked.faults.map(one => ({ level: 'error' as const, rule: '', ...one })),
    ...checked.findings.map(({ reason, mend, ...one }) => ({ ...one, message: `${reason} ${mend}` })),
  ]
}

/** Those that stand at an option, by its pointer. */
export function byPath(problems: readonly Problem[]): Map<string, Problem[]> {
  const found = new Map<string, Problem[]>()
  for (const one of problems) found.set(one.path, [...(found.get(one.path) ?? []), one])
  return found
}

/** How many stand at a part or in it. */
export function countIn(problems: readonly Problem[], pointer: string): { errors: number; advice: number } {
  const inside = problems.filter(({ path }) => path === pointer || path.startsWith(`${pointer}/`))
  const errors = inside.filter(({ level }) => level === 'error').length
  return { errors, advice: inside.length - errors }
}
