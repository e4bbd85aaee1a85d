/** A name in a folder; the topology may be read on another system than the machine has. */
export function join(folder: string, name: string): string {
  return `${folder.replace(/\/+$/, '')}/${name}`
}
