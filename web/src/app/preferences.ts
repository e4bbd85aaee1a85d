import { keep, readKept } from './kept.ts'
import { createStore } from './store.ts'

export const themeChoices = ['system', 'light', 'dark', 'contrast'] as const
export type ThemeChoice = (typeof themeChoices)[number]
export const densities = ['comfortable', 'compact', 'terminal'] as const
export type Density = (typeof densities)[number]
export type Preferences = { theme: ThemeChoice; density: Density }

const key = 'pchat.preferences'

function isPreferences(value: unknown): value is Preferences {
  if (typeof value !== 'object' || value === null) return false
  const { theme, density } = value as Partial<Preferences>
  return themeChoices.includes(theme as ThemeChoice) && densities.includes(density as Density)
}

export const preferences = createStore<Preferences>(
  readKept(key, { theme: 'system', density: 'comfortable' }, isPreferences),
)

export function setPreferences(change: Partial<Preferences>): void {
  preferences.update(now => ({ ...now, ...change }))
  keep(key, preferences.get())
}
