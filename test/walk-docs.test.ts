import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from './folder.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { shell as inProcess } from './shell.ts'
import { root } from './source.ts'

const run = promisify(execFile)
const text = readFileSync(join(root, 'docs/walk-through-shell.md'), 'utf8')
const blocks = [...text.matchAll(/^```(\w+) ([\w-]+)\n([\s\S]*?)^```$/gm)].map(([, kind, name, body]) => ({
  kind: kind!,
  name: name!,
  body: body!,
}))
const main = `'${process.execPath}' '${join(root, 'src/cli/main.ts')}'`

let folder: string
let server: Pchat
let url = ''
let port = 0
const door = createServer(socket => void answer(socket))

/**
 * Some hundred runs of the program would take minutes: `pchat` of a block asks this process, which has the same shell. It gets
 * the number of words and the words, each with a zero behind it, and answers with the exit code in a line and all that was said.
 */
async function answer(socket: Socket): Promise<void> {
  let asked = ''
  for await (const part of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    asked += part
    const [count, ...words] = asked.split('\0')
    // Behind the last zero stands an empty word.
    if (words.length > Number(count)) break
  }
  const said = await inProcess(asked.split('\0').slice(1, -1), {
    env: { XDG_CONFIG_HOME: '/nonexistent', PCHAT_DATA_DIR: `${folder}/data` },
  })
  socket.end(`${said.code}\n${said.out}${said.err}`)
}

const here = (body: string) =>
  body
    .replaceAll('/srv/pchat', `${folder}/data`)
    .replaceAll('--port 8080', '--port 0')
    .replaceAll('http://localhost:8080', url)
    .replaceAll(/\b(people\.csv|one\.secret|two\.secret|everything\.(zip|html))/g, `${folder}/$1`)

/** Runs a block of the document in bash. */
async function walk(name: string): Promise<{ code: number; out: string }> {
  const body = blocks.find(one => one.kind === 'sh' && one.name === name)!.body
  const script = `
pchat() {
  if [ "$1" = test ]; then ${main} "$@"; return; fi
  exec 9<>/dev/tcp/127.0.0.1/${port}
  printf '%s\\0' "$#" "$@" >&9
  local code
  read -r code <&9
  cat <&9
  exec 9>&-
  return "$code"
}
${here(body)}`
  const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: '/nonexistent', HOME: folder }
  return run('bash', ['--norc', '-eo', 'pipefail', '-c', script], { cwd: folder, env, maxBuffer: 1 << 24 }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout + error.stderr,
    }),
  )
}

async function json(...args: string[]) {
  const said = await inProcess([...args, '--json'], {
    env: { XDG_CONFIG_HOME: '/nonexistent', PCHAT_DATA_DIR: `${folder}/data` },
  })
  expect(said).toMatchObject({ code: 0, err: '' })
  return said.json
}

beforeAll(async () => {
  folder = await makeFolder('pchat-walk')
  await new Promise<void>(resolve => door.listen(0, '127.0.0.1', resolve))
  port = (door.address() as AddressInfo).port
  const start = here(blocks.find(one => one.name === 'start')!.body)
  server = runPchat([], { program: ['bash', '--norc', '-ec', `pchat() { exec ${main} "$@"; }\n${start}`] })
  url = await server.ready()
}, 120_000)
afterAll(async () => {
  server?.kill('SIGTERM')
  await server?.ended
  door.close()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

test('[SH34] the walk of docs/walk-through-shell.md leads from an empty server to ten departments, forty rooms and five hundred people', async () => {
  const walked = ['start', 'where']
  const done = async (name: string) => {
    walked.push(name)
    const { code, out } = await walk(name)
    expect(code, out).toBe(0)
    return out
  }
  expect(blocks.find(one => one.name === 'where')!.body).toBe('export PCHAT_DATA_DIR=/srv/pchat\n')
  await writeFile(join(folder, 'few.csv'), blocks.find(one => one.kind === 'csv')!.body)
  const { changes } = await json('user', 'import', '--csv', join(folder, 'few.csv'), '--make-groups', '--what-if')
  expect(changes).toContainEqual({
    what: 'group Trading leads',
    change: 'members, add',
    now: '',
    after: 'ann@example.com',
  })

  await done('people')
  expect(await done('import')).toContain('500 added, 0 changed, 520 put into groups; 20 groups and 1 units made.')
  expect((await done('walls')).match(/^\w+ +(yes|no) +no +yes +[45] +[023] +0/gm)).toHaveLength(10)
  await done('rooms')
  const { rooms } = (await json('room', 'get')) as {
    rooms: { room: { type: string; privacy: string }; managers: number }[]
  }
  expect(rooms).toHaveLength(40)
  for (const kind of ['auditorium closed', 'normal closed', 'normal open', 'normal secret'])
    expect(rooms.filter(({ room }) => `${room.type} ${room.privacy}` === kind)).toHaveLength(10)
  expect(rooms.every(({ managers }) => managers === 1)).toBe(true)
  const mayBeIn = async (category: string) =>
    ((await json('eligible-principal', 'get', '--category', category)).principals as { name: string }[]).map(
      one => one.name,
    )
  const [trading, research] = [await mayBeIn('Trading'), await mayBeIn('Research')]
  expect(trading).toHaveLength(200)
  // Both may ask the control functions in, and nobody else is common to them.
  expect(trading.filter(name => research.includes(name))).toHaveLength(150)

  walked.push('refused')
  expect(await walk('refused')).toMatchObject({ code: 1, out: expect.stringContaining('outside the scope') })
  const why = await done('why')
  expect(why).toContain('He may enter this room.')
  expect(why).toMatch(/He may not enter this room\.[\s\S]*denied members hold him.*"Research"/)
  expect(why).toMatch(/^user10@example\.com/m)
  expect(why).not.toMatch(/^user13@example\.com/m)
  const whatIf = await done('what-if')
  expect(whatIf).toMatch(/gain access +50 users: user\d+@/)
  expect(whatIf).toMatch(/lose access +50 users: user\d+@/)
  expect(await mayBeIn('Trading')).toEqual(trading)
  expect(await done('test')).toMatch(/^Success.* \| latency=/m)
  expect((await done('export')).match(/ operator /g)?.length).toBeGreaterThanOrEqual(3)
  expect((await readFile(join(folder, 'everything.zip'))).subarray(0, 2).toString()).toBe('PK')
  expect(await readFile(join(folder, 'everything.html'), 'utf8')).toContain('Trading desk')
  expect(walked).toEqual(blocks.filter(one => one.kind === 'sh').map(one => one.name))
}, 180_000)
