import { useEffect, useRef, useState } from 'react'
import type { Input } from '../../../src/protocol/request.ts'
import type { ScopeChange } from '../../../src/protocol/simulation.ts'
import { useChat } from './chat.ts'
import { type Fault, faultOf } from './fault.ts'

export type Looking =
  | { state: 'running'; progress: number }
  | { state: 'done'; result: ScopeChange }
  | { state: 'failed'; fault: Fault }

const pauseMs = 300

/** Asks what a change of a scope would do, and again until it is known. Only the last question counts. */
export function useSimulation() {
  const { client } = useChat()
  const [looking, setLooking] = useState<Looking>()
  const question = useRef(0)
  useEffect(
    () => () => {
      question.current += 1
    },
    [],
  )

  async function begin(input: Input<'category.simulate'>): Promise<void> {
    question.current += 1
    const mine = question.current
    const show = (now: Looking) => {
      if (mine === question.current) setLooking(now)
    }
    show({ state: 'running', progress: 0 })
    try {
      let { simulation } = await client.request('category.simulate', input)
      while (simulation.state === 'running' && mine === question.current) {
        show({ state: 'running', progress: simulation.progress })
        await new Promise(resolve => setTimeout(resolve, pauseMs))
        // Not asked about any more it is given up by the server.
        if (mine !== question.current) return
        simulation = (await client.request('category.simulation', { simulation: simulation.id })).simulation
      }
      const { result, reason = 'It was not done. Begin again.' } = simulation
      if (result === undefined) show({ state: 'failed', fault: { code: 'failed', sentence: reason } })
      else show({ state: 'done', result })
    } catch (error) {
      show({ state: 'failed', fault: faultOf(error) })
    }
  }

  function forget(): void {
    question.current += 1
    setLooking(undefined)
  }

  return { looking, begin, forget }
}
