import { useLayoutEffect } from 'react'

/**
 * Gives the keyboard back to where it was when a dialog goes, or to the main pane where that is gone: what the dialog did
 * may have taken away what had the focus.
 */
export function useFocusReturn(): void {
  useLayoutEffect(() => {
    const before = document.activeElement
    return () => {
      // After the dialog's elements are gone, and after what it opened has been drawn.
      setTimeout(() => {
        const now = document.activeElement
        if (now !== null && now !== document.body && now.isConnected) return
        const target =
          before instanceof HTMLElement && before !== document.body && before.isConnected
            ? before
            : document.querySelector<HTMLElement>(
                '[data-pane=composer] textarea, main a[href], main button, nav a[href]',
              )
        target?.focus()
      }, 50)
    }
  }, [])
}
