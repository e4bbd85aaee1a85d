import { readFile } from 'node:fs/promises'
import { prepareRoles } from '../compliance/prepare.ts'

export type PrepareOptions = {
  adminUrl: string
  database: string
  owner: string
  service: string
  passwordFile?: string
}

/** For a pool: its services then append, and can do nothing else. Run it again before a newer program, which may need it. */
export async function prepareArchive(options: PrepareOptions): Promise<void> {
  try {
    if (!/^postgres(ql)?:$/.test(URL.parse(options.adminUrl)?.protocol ?? ''))
      throw new Error('--admin-url is no address such as postgres://postgres@db9/postgres.')
    const { passwordFile, ...names } = options
    const password = passwordFile === undefined ? undefined : await readPassword(passwordFile)
    const applied = await prepareRoles({ ...names, password })
    console.log(
      applied.length > 0 ? `The archive has a new schema: ${applied.join(', ')}.` : 'The archive is up to date.',
    )
    const url = new URL(options.adminUrl)
    console.log(
      `Start the services with --compliance-database-url ${url.protocol}//${options.service}@${url.host}/${options.database}`,
    )
  } catch (error) {
    console.error(`pchat: ${(error as Error).message}`)
    process.exitCode = 1
  }
}

async function readPassword(file: string): Promise<string> {
  const [line = ''] = (await readFile(file, 'utf8')).split(/\r?\n/)
  if (line === '') throw new Error(`${file} has no password in its first line. Write one.`)
  return line
}
