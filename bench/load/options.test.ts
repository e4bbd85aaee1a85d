import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadHelp, readLoadOptions } from './options.ts'

test('[LD29] without options it is a small run of the original model on a whole pool', () => {
  expect(readLoadOptions([])).toEqual({
    options: {
      ...{ profile: 'lync-2013', scale: 0.03, seed: 1, servers: 4, workers: 2, json: false },
      ...{ seconds: undefined, rate: undefined, endpoints: undefined, processes: undefined, signIns: undefined },
      ...{ passwordShare: undefined, html: undefined, databaseUrl: undefined, natsUrl: undefined },
    },
  })
})

test('[LD29] every option is read, and shown by --help', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pchat-options-'))
  try {
    const text = `--profile failover --scale 1 --seconds 600 --seed 7 --rate 74 --endpoints 1.5 --servers 3 --workers 1
      --processes 5 --sign-ins 200 --password-share .25 --json --html ${folder}/x.html
      --database-url postgres://a@b/c --nats-url nats://d:4222`
    const args = text.split(/\s+/)
    expect(readLoadOptions(args)).toEqual({
      options: {
        ...{ profile: 'failover', scale: 1, seconds: 600, seed: 7, rate: 74, endpoints: 1.5, servers: 3, workers: 1 },
        ...{ processes: 5, signIns: 200, passwordShare: 0.25, json: true, html: join(folder, 'x.html') },
        ...{ databaseUrl: 'postgres://a@b/c', natsUrl: 'nats://d:4222' },
      },
    })
    for (const flag of args.filter(arg => arg.startsWith('--'))) expect(loadHelp).toContain(`  ${flag}`)
    expect(readLoadOptions([...args, '--help'])).toEqual({ help: loadHelp })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  [['--profile', 'storm'], /--profile storm is not known. Give one of lync-2013, model-1, .*day\./],
  [['--scale', '0'], /--scale 0 is not possible. Give a number from 0.0001 to 10\./],
  [['--scale', '1e3'], /Give a number from/],
  [['--seconds', '1.5'], /--seconds 1.5 is not possible. Give a whole number from 1 to 86,400\./],
  [['--seed', '-1'], /--seed/],
  [['--rate', 'fast'], /--rate fast is not possible/],
  [['--endpoints', '2'], /--endpoints 2 is not known. Give one of 1, 1.5\./],
  [['--servers', '9'], /whole number from 1 to 8/],
  [['--workers', '0'], /whole number from 1 to 64/],
  [['--processes', '0'], /whole number from 1 to 64/],
  [['--sign-ins', '0'], /--sign-ins 0/],
  [['--password-share', '1.1'], /number from 0 to 1\./],
  [['--html', '/nowhere/at/all.html'], /the folder \/nowhere\/at is not there. Make it first\./],
  [['--html', '/tmp'], /\/tmp is a folder. Name a file, such as \/tmp\/report.html\./],
  [['--database-url', 'mysql://x'], /Give one such as postgres:/],
  [['--nats-url', 'http://x'], /Give one such as nats:/],
  [['--profile', 'failover', '--servers', '1'], /Use --servers 2 or more\./],
  [['--speed', '3'], /--speed.*Run pchat load --help to see all options\./],
  [['--json=yes'], /--json.*Run pchat load --help/],
  [['--scale'], /--scale.*Run pchat load --help/],
  [['lync-2013'], /lync-2013.*Run pchat load --help/],
])('[LD29] %j is refused in a sentence that says what to give', (args, sentence) => {
  expect(readLoadOptions(args)).toEqual({ fault: expect.stringMatching(sentence) })
})
