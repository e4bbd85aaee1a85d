const units = ['B', 'KB', 'MB', 'GB', 'TB']

/** As file managers show it: 1,024 bytes are one KB; one figure behind the point below ten. */
export function sizeWords(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  const shown = unit > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value))
  return `${shown} ${units[unit]}`
}

export function fileAddress(id: string, as?: 'preview' | 'download'): string {
  return `/files/${id}${as === 'preview' ? '/preview' : as === 'download' ? '?download' : ''}`
}
