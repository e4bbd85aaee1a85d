import { useRef, useState } from 'react'
import { useChat } from './chat.ts'
import { faultOf } from './fault.ts'

export type NameCheck = { state: 'none' | 'checking' | 'free' | 'unknown' } | { state: 'refused'; sentence: string }

/** Whom a name is asked for: a new room of a category, or a room that has one. */
export type NameOf = { category: string } | { room: string }

/** Asks whether a name is free when the person has gone on to the next field, not at each key: each ask tells something. */
export function useNameCheck(of: NameOf) {
  const { client } = useChat()
  const [check, setCheck] = useState<NameCheck>({ state: 'none' })
  const asked = useRef('')

  async function ask(name: string): Promise<void> {
    const key = name
    if (key === asked.current) return
    asked.current = key
    setCheck({ state: 'checking' })
    const settle = (answer: NameCheck) => {
      // What was typed meanwhile is asked for anew; this answer is of another name.
      if (asked.current === key) setCheck(answer)
    }
    try {
      await client.request('room.checkName', { name, ...of })
      settle({ state: 'free' })
    } catch (error) {
      const { code, sentence } = faultOf(error)
      const isAbout = code === 'name_taken' || code === 'invalid_argument'
      // Saving decides anyway; a check that failed for another reason stands in nobody's way.
      settle(isAbout ? { state: 'refused', sentence } : { state: 'unknown' })
      if (!isAbout) asked.current = ''
    }
  }

  function forgetCheck(): void {
    asked.current = ''
    setCheck({ state: 'none' })
  }
  return { check, ask, forgetCheck }
}
