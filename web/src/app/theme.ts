import { type Theme, teamsHighContrastTheme, webDarkTheme, webLightTheme } from '@fluentui/react-components'
import { useSyncExternalStore } from 'react'
import { preferences, type ThemeChoice } from './preferences.ts'
import { useStore } from './store.ts'

const queries = { dark: '(prefers-color-scheme: dark)', contrast: '(forced-colors: active), (prefers-contrast: more)' }

function subscribe(hear: () => void): () => void {
  const lists = Object.values(queries).map(query => matchMedia(query))
  for (const list of lists) list.addEventListener('change', hear)
  return () => {
    for (const list of lists) list.removeEventListener('change', hear)
  }
}

function systemTheme(): Exclude<ThemeChoice, 'system'> {
  if (matchMedia(queries.contrast).matches) return 'contrast'
  return matchMedia(queries.dark).matches ? 'dark' : 'light'
}

const themes: Record<Exclude<ThemeChoice, 'system'>, Theme> = {
  light: webLightTheme,
  dark: webDarkTheme,
  contrast: teamsHighContrastTheme,
}

/** The theme chosen on the account page; "system" follows the system while it changes. */
export function useTheme(): Theme {
  const system = useSyncExternalStore(subscribe, systemTheme)
  const choice = useStore(preferences).theme
  return themes[choice === 'system' ? system : choice]
}
