import { useSyncExternalStore } from 'react'

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    hear => {
      const list = matchMedia(query)
      list.addEventListener('change', hear)
      return () => list.removeEventListener('change', hear)
    },
    () => matchMedia(query).matches,
  )
}

/** One pane at a time. */
export function useNarrow(): boolean {
  return useMedia('(max-width: 719px)')
}

/** The side pane lies over the stream instead of beside it. */
export function useTight(): boolean {
  return useMedia('(max-width: 1099px)')
}

/** The window is in sight: neither minimised nor behind another tab. */
export function useVisible(): boolean {
  return useSyncExternalStore(
    hear => {
      document.addEventListener('visibilitychange', hear)
      return () => document.removeEventListener('visibilitychange', hear)
    },
    () => document.visibilityState === 'visible',
  )
}
