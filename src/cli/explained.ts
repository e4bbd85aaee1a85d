import type { Result } from '../protocol/request.ts'
import { harmless, tableLines } from './shell/table.ts'

/** The answer of directory.explain for people. */
export function explainedLines(explained: Result<'directory.explain'>): string[] {
  const { principal, source, dn, disabled, disabledBy, administrator, administratorBy, units, groups, domain, room } =
    explained
  const rows = [
    ['Name', `${principal.name} (${principal.displayName}), ${principal.kind}`],
    ['Comes from', source === '' ? 'here' : `${source}${dn ? `, ${dn}` : ''}`],
    ['Disabled', disabled ? `by ${disabledBy ?? 'administrator'}${explained.goneAt ? ', gone there' : ''}` : 'no'],
    ['Administrator', administrator ? `by ${administratorBy ?? 'administrator'}` : 'no'],
    ['Unit', units.map(unit => unit.name).join(' in ') || '-'],
    ['Domain', domain?.name ?? '-'],
  ]
  if (explained.conflict) rows.push(['Note', explained.conflict])
  const through = (path: { name: string }[]) =>
    path.length > 1 ? `, through ${path.map(step => step.name).join(' in ')}` : ''
  return [
    ...tableLines(rows),
    ...groups.map(({ group, path }) => harmless(`Member of ${group.name}${through(path)}`)),
    ...(room ? ['', harmless(`Room ${room.name}`), ...room.sentences.map(sentence => `  ${harmless(sentence)}`)] : []),
  ]
}
