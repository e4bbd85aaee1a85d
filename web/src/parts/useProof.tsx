import { type ReactNode, useState } from 'react'
import { ProofDialog } from './ProofDialog.tsx'

type Waiting = { resolve: () => void; reject: (error: Error) => void }

/** Runs what may need a proof of who one is: where the server asks for it, a dialog does, and then it is run again. */
export function useProof(): { prove: <T>(work: () => Promise<T>) => Promise<T>; dialog: ReactNode } {
  const [waiting, setWaiting] = useState<Waiting>()
  async function prove<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'proof_required') throw error
      await new Promise<void>((resolve, reject) => setWaiting({ resolve, reject }))
      return work()
    }
  }
  function close(settle: (one: Waiting) => void): void {
    setWaiting(undefined)
    if (waiting) settle(waiting)
  }
  const dialog =
    waiting === undefined ? null : (
      <ProofDialog
        onProven={() => close(one => one.resolve())}
        onClose={() =>
          close(one => one.reject(Object.assign(new Error('Nothing was changed.'), { code: 'proof_required' })))
        }
      />
    )
  return { prove, dialog }
}
