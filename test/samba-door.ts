// Runs in a network of its own, where it may open the ports of LDAP, with a server behind them: what comes at a socket in a
// folder is led to the port of its name. Arguments: folder, host, command and its arguments.
import { execFileSync, spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

const [folder, host, command, ...args] = process.argv.slice(2) as [string, string, string, ...string[]]

writeFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', '0')
// A new network has a loopback that is down; Python is there, since Samba needs it: SIOCSIFFLAGS, IFF_UP and IFF_RUNNING.
execFileSync('python3', [
  '-c',
  'import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x41))',
])
const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'inherit'] })
child.on('exit', code => process.exit(code ?? 1))
for (const port of [389, 636]) {
  const path = join(folder, `${port}.sock`)
  rmSync(path, { force: true })
  createServer({ pauseOnConnect: true }, near => {
    const far = connect(port, host, () => near.pipe(far).pipe(near))
    near.on('error', () => far.destroy()).on('close', () => far.destroy())
    far.on('error', () => near.destroy()).on('close', () => near.destroy())
  }).listen(path)
}
