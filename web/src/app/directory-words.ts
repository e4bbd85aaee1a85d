/** How a kind of change is called where it is counted. */
const changeWords: Record<string, string> = {
  added: 'added',
  returned: 'back again',
  renamed: 'renamed',
  moved: 'moved to another unit',
  changed: 'changed',
  disabled: 'disabled',
  enabled: 'enabled',
  gone: 'deleted there',
  memberAdded: 'memberships added',
  memberRemoved: 'memberships ended',
  administratorAdded: 'made administrators',
  administratorRemoved: 'administrators no more',
  leftOut: 'left out',
}

export function changeWord(change: string): string {
  return changeWords[change] ?? change
}

/** `3 added, 1 renamed`, or that nothing is different. */
export function countsInWords(counts: Record<string, number>): string {
  const parts = Object.entries(counts).map(([change, count]) => `${count.toLocaleString()} ${changeWord(change)}`)
  return parts.length === 0 ? 'Nothing differs' : parts.join(', ')
}

/** How long ago, in the largest unit that fits. */
export function ago(seconds: number | null): string {
  if (seconds === null) return 'never'
  if (seconds < 90) return `${Math.round(seconds)} seconds ago`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} minutes ago`
  return `${Math.round(seconds / 3_600)} hours ago`
}
