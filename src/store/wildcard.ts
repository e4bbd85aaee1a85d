import { nameKey } from '../domain/name.ts'

/** As a pattern for LIKE over folded names: the whole text, in which `*` stands for anything and `?` for one character. */
export function wildcardPattern(filter: string): string {
  return nameKey(filter)
    .replace(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%')
    .replaceAll('?', '_')
}
