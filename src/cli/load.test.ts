import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runPchat } from '../../test/pchat.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pchat-cli-load-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The verb in a program of its own, with this generator. */
async function load(generator: string, ...args: string[]) {
  const source = `
    import { Command } from ${JSON.stringify(import.meta.resolve('commander'))}
    import { addLoad } from ${JSON.stringify(import.meta.resolve('./load.ts'))}
    const program = new Command('pchat')
    addLoad(program, process.env.GENERATOR)
    await program.parseAsync()`
  const file = join(folder, 'program.mjs')
  await writeFile(file, source)
  return runPchat(args, { program: [process.execPath, file, 'load'], env: { GENERATOR: generator } })
}

async function writeGenerator(source: string): Promise<string> {
  const file = join(folder, `${Math.random()}.mjs`)
  await writeFile(file, source)
  return file
}

test('[LD30] arguments go to the generator as they are, and its exit code comes back', async () => {
  const generator = await writeGenerator('console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7')
  const args = ['--scale', '0.01', '--json', '--unknown=a b', '--help', 'word', '-x', '--version']
  const program = await load(generator, ...args)
  expect(await program.ended).toBe(7)
  expect(JSON.parse(program.said())).toEqual(args)
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '[LD30] %s reaches the generator, which ends in its own way',
  async signal => {
    const generator = await writeGenerator(`
    process.on('${signal}', () => { console.log('ended in order'); process.exit(99) })
    setInterval(() => {}, 1000)
    console.log('runs')`)
    const program = await load(generator)
    await program.says(/runs/)
    program.kill(signal)
    expect(await program.ended).toBe(99)
    expect(program.said()).toContain('ended in order')
  },
)

test('[LD30] a generator that is killed is no success', async () => {
  const generator = await writeGenerator("process.kill(process.pid, 'SIGKILL')")
  expect(await (await load(generator)).ended).toBe(137)
})

test('[LD30] where the generator is not installed, one sentence says so', async () => {
  const program = await load(join(folder, 'bench/load/main.ts'), '--scale', '1')
  expect(await program.ended).toBe(1)
  expect(program.said()).toMatch(
    /^error: The load generator is not installed .* Run pchat load from a whole copy of the repository\.\n$/,
  )
})
