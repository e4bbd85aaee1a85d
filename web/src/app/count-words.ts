/** `1 room`, `1,204 rooms`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`
}

const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** In the largest unit of 1,024 that is not below one. */
export function sizeWords(bytes: number): string {
  let size = bytes
  let unit = 0
  for (; size >= 1024 && unit < units.length - 1; unit += 1) size /= 1024
  return `${size.toLocaleString(undefined, { maximumFractionDigits: unit === 0 || size >= 100 ? 0 : 1 })} ${units[unit]}`
}
