import { setTimeout as sleep } from 'node:timers/promises'
import { readTools } from '../tools.ts'
import { isAlone } from './account.ts'
import { openMachine, openSwitch } from './machine.ts'

export type GroundReport = {
  alone: boolean
  /** What the second machine said to the first one, over the switch. */
  heard: string
  /** Whether anything is reached outside: an address of the network of documents, to which no way leads. */
  outside: string
  /** Networks that a machine has. */
  links: string[]
  /** Who runs on the first machine. */
  processes: number
  /** Whether a file of the first machine is seen by the second one; whether programs can be written. */
  shares: boolean
  writesPrograms: boolean
  pulled: string
  afterKill: string
}

/** Two machines and nothing else, so that the ground itself is seen. */
export async function tellGround(folder: string, holds: boolean): Promise<GroundReport> {
  const { ip } = await readTools()
  await openSwitch(ip, '10.77.0.254')
  const open = (name: string, address: string) => openMachine({ folder, name, address, ip })
  const [one, two] = await Promise.all([open('one', '10.77.0.1'), open('two', '10.77.0.2')])
  if (holds) {
    process.stderr.write('held\n')
    await sleep(600_000)
  }
  const serve = `process.chdir('/');require('node:net').createServer(s => s.end('from one')).listen(7000, '10.77.0.1')`
  await one.must(['bash', '-c', `setsid node -e "${serve}" > /dev/null 2>&1 & sleep 0.1`])
  const ask = async (address: string) =>
    (await two.run(['timeout', '3', 'bash', '-c', `exec 3<> /dev/tcp/${address} && cat <&3`])).out || 'no answer'
  let heard = await ask('10.77.0.1/7000')
  for (let tries = 0; heard === 'no answer' && tries < 50; tries += 1) heard = await ask('10.77.0.1/7000')
  await one.must(['touch', '/etc/of-one'])
  const report = {
    ...{ alone: await isAlone(), heard, outside: await ask('192.0.2.1/80') },
    links: (await one.must(['cat', '/proc/net/dev'])).match(/\w+(?=:)/g) ?? [],
    processes: (await one.must(['bash', '-c', 'echo /proc/[0-9]*'])).split(' ').length,
    shares: (await two.run(['test', '-e', '/etc/of-one'])).code === 0,
    writesPrograms: (await one.run(['touch', '/usr/bin/of-one'])).code === 0,
  }
  await one.plug(false)
  const pulled = await ask('10.77.0.1/7000')
  await one.plug(true)
  await one.kill()
  return { ...report, pulled, afterKill: await ask('10.77.0.1/7000') }
}
