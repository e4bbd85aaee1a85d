import { useState } from 'react'
import { type Fault, faultOf } from './fault.ts'

/** One piece of work that a button begins: whether it runs, and why it was refused. */
export function useTask() {
  const [fault, setFault] = useState<Fault>()
  const [isBusy, setBusy] = useState(false)
  /** True where it went through. */
  async function run(work: () => Promise<unknown>): Promise<boolean> {
    setBusy(true)
    setFault(undefined)
    try {
      await work()
      return true
    } catch (error) {
      setFault(faultOf(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { fault, isBusy, run }
}
