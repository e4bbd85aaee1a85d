import { readdir, readFile, readlink } from 'node:fs/promises'

/** Which of the processes holds the server's end of a connection over TCP; undefined where none does. */
export async function holderOf(pids: number[], serverPort: number, clientPort: number): Promise<number | undefined> {
  const inode = await inodeOf(serverPort, clientPort)
  for (const pid of pids) {
    const links = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const targets = await Promise.all(links.map(link => readlink(`/proc/${pid}/fd/${link}`).catch(() => '')))
    if (targets.includes(`socket:[${inode}]`)) return pid
  }
  return undefined
}

async function inodeOf(local: number, remote: number): Promise<string | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map(name => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')))
  for (const line of tables.join('\n').split('\n')) {
    const [, from = '', to = '', , , , , , , inode] = line.trim().split(/\s+/)
    if (portOf(from) === local && portOf(to) === remote) return inode
  }
  return undefined
}

const portOf = (address: string) => Number.parseInt(address.split(':')[1] ?? '', 16)

/** Living processes that one has started, and those that they have. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    parents.set(Number(name), Number(stat.split(') ')[1]?.split(' ')[1]))
  }
  const found: number[] = []
  const below = [pid]
  for (let one = below.pop(); one !== undefined; one = below.pop())
    for (const [child, parent] of parents)
      if (parent === one) {
        found.push(child)
        below.push(child)
      }
  return found
}

/** A process that has ended and was not awaited has no command line any more. */
export async function lives(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) !== ''
}
