import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const profileNames = [
  'lync-2013',
  'model-1',
  'model-2',
  'morning',
  'failover',
  'announcement',
  'mattermost',
  'day',
] as const
export type ProfileName = (typeof profileNames)[number]

/** What is undefined is the profile's own. */
export type LoadOptions = {
  profile: ProfileName
  /** Share of the model's 80,000 users, and of all that goes with them. */
  scale: number
  /** How long the load lasts, after everybody is in. */
  seconds: number | undefined
  seed: number
  /** Posts a second. */
  rate: number | undefined
  /** Live sessions of a user, on the average. */
  endpoints: 1 | 1.5 | undefined
  servers: number
  workers: number
  /** Of the generator. */
  processes: number | undefined
  /** A second. */
  signIns: number | undefined
  /** Share of users who sign in by password and not by a token that they have. */
  passwordShare: number | undefined
  json: boolean
  html: string | undefined
  databaseUrl: string | undefined
  natsUrl: string | undefined
}

type Row = { value?: string; fallback?: string; text: string }

/** The one list of options: what is parsed, and what `pchat load --help` shows. */
const table = {
  profile: { value: 'NAME', fallback: 'lync-2013', text: `what the users do: ${profileNames.join(', ')}` },
  scale: { value: 'F', fallback: '0.03', text: 'share of 80,000 users and of their rooms and posts' },
  seconds: { value: 'N', text: "how long the load lasts once everybody is in; default: the profile's" },
  seed: { value: 'N', fallback: '1', text: 'the same seed makes the same rooms, people and order of posts' },
  rate: { value: 'N', text: "posts a second; default: the profile's times the scale" },
  endpoints: { value: '1|1.5', text: "devices of a user, on the average; default: the profile's" },
  servers: { value: 'N', fallback: '4', text: 'Persistent Chat Servers' },
  workers: { value: 'N', fallback: '2', text: 'processes of each server' },
  processes: { value: 'N', text: 'processes of the generator; default: one for 18,000 devices' },
  'sign-ins': { value: 'N', text: 'users that sign in a second; default: as fast as the servers let them in' },
  'password-share': { value: 'F', text: "share of users who sign in by password; default: the profile's" },
  json: { text: 'print the report as JSON' },
  html: { value: 'FILE', text: 'write the report as a page too' },
  'database-url': { value: 'URL', text: 'an empty PostgreSQL database instead of one of its own' },
  'nats-url': { value: 'URL', text: 'a NATS that runs instead of one of its own' },
  help: { text: 'show this' },
} satisfies Record<string, Row>

type Name = keyof typeof table

export const loadHelp = `Usage: pchat load [options]

Starts servers, NATS and PostgreSQL on this machine, fills the store, lets people talk, and reports whether each post
reached everybody who may read it, once and in order, and how fast.

Options:
${Object.entries<Row>(table).map(describe).join('\n')}

Examples:
  $ pchat load --scale 0.03 --seconds 60 --html report.html
  $ pchat load --profile failover --servers 3 --scale 0.05
  $ pchat load --profile lync-2013 --scale 1 --seconds 600 --json > report.json

Ends with 1 where a post was lost, doubled, out of order or leaked, and with 2 where an option is wrong.`

function describe([name, { value, fallback, text }]: [string, Row]): string {
  const flag = `--${name}${value === undefined ? '' : ` ${value}`}`
  return `  ${flag.padEnd(22)} ${text}${fallback === undefined ? '' : ` (default: ${fallback})`}`
}

/** `fault` is the sentence to show: what is wrong, and what to give instead. */
export type ReadOptions = { options: LoadOptions } | { fault: string } | { help: string }

export function readLoadOptions(args: string[]): ReadOptions {
  try {
    const values = parse(args)
    if (values.help === true) return { help: loadHelp }
    const options = check(values)
    return { options }
  } catch (error) {
    if (error instanceof Refusal) return { fault: error.message }
    if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) throw error
    const [sentence] = (error as Error).message.split('. ')
    return { fault: `${sentence!.replace(/\.$/, '')}. Run pchat load --help to see all options.` }
  }
}

class Refusal extends Error {}

type Values = { [name in Name]?: string | boolean }

function parse(args: string[]): Values {
  const options = Object.entries<Row>(table).map(([name, { value, fallback }]) => [
    name,
    value === undefined
      ? { type: 'boolean' as const }
      : { type: 'string' as const, ...(fallback === undefined ? {} : { default: fallback }) },
  ])
  return parseArgs({ args, options: Object.fromEntries(options), strict: true }).values as Values
}

function check(values: Values): LoadOptions {
  const options: LoadOptions = {
    profile: oneOf(values, 'profile', profileNames),
    scale: number(values, 'scale', 0.0001, 10)!,
    seconds: whole(values, 'seconds', 1, 86_400),
    seed: whole(values, 'seed', 0, 2 ** 32 - 1)!,
    rate: number(values, 'rate', 0.1, 100_000),
    endpoints: values.endpoints === undefined ? undefined : oneOf(values, 'endpoints', ['1', '1.5']) === '1' ? 1 : 1.5,
    servers: whole(values, 'servers', 1, 8)!,
    workers: whole(values, 'workers', 1, 64)!,
    processes: whole(values, 'processes', 1, 64),
    signIns: number(values, 'sign-ins', 0.1, 100_000),
    passwordShare: number(values, 'password-share', 0, 1),
    json: values.json === true,
    html: file(values, 'html'),
    databaseUrl: address(values, 'database-url', /^postgres(ql)?:\/\/./, 'postgres://user:password@host/empty'),
    natsUrl: address(values, 'nats-url', /^(nats|tls):\/\/./, 'nats://127.0.0.1:4222'),
  }
  if (options.profile === 'failover' && options.servers < 2)
    throw new Refusal('--profile failover kills a server, and its people need another one. Use --servers 2 or more.')
  return options
}

function oneOf<T extends string>(values: Values, name: Name, allowed: readonly T[]): T {
  const found = allowed.find(each => each === values[name])
  if (found === undefined)
    throw new Refusal(`--${name} ${values[name]} is not known. Give one of ${allowed.join(', ')}.`)
  return found
}

function whole(values: Values, name: Name, least: number, most: number): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (!/^\d{1,10}$/.test(String(text)) || Number(text) < least || Number(text) > most)
    throw new Refusal(`--${name} ${text} is not possible. Give a whole number from ${told(least)} to ${told(most)}.`)
  return Number(text)
}

function number(values: Values, name: Name, least: number, most: number): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (!/^\d*\.?\d+$/.test(String(text)) || Number(text) < least || Number(text) > most)
    throw new Refusal(`--${name} ${text} is not possible. Give a number from ${told(least)} to ${told(most)}.`)
  return Number(text)
}

const told = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 4 })

function address(values: Values, name: Name, shape: RegExp, example: string): string | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (!shape.test(String(text))) throw new Refusal(`--${name} ${text} is no address. Give one such as ${example}.`)
  return String(text)
}

/** Looked at before the run, not after it. */
function file(values: Values, name: Name): string | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  const path = resolve(String(text))
  const folder = dirname(path)
  if (!existsSync(folder)) throw new Refusal(`--${name}: the folder ${folder} is not there. Make it first.`)
  if (existsSync(path) && statSync(path).isDirectory())
    throw new Refusal(`--${name}: ${path} is a folder. Name a file, such as ${path}/report.html.`)
  try {
    accessSync(existsSync(path) ? path : folder, constants.W_OK)
  } catch {
    throw new Refusal(`--${name}: ${path} is not writable for this user. Name another file.`)
  }
  return path
}
