import { readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { account, accountNote, environmentFile, type UnitFile } from '../topology/unit.ts'
import { authorityFolder, requireRoot } from './bootstrap-apply.ts'
import { isIssuedBy } from './bootstrap-certificate.ts'
import { entryOf, type Machine, openMachine } from './bootstrap-doing.ts'
import { mayBeShared } from './bootstrap-files.ts'
import { lockMachine } from './bootstrap-lock.ts'
import { removeUnits, writtenUnits } from './bootstrap-units.ts'
import { authorityFiles, readInternalAuthority } from './internal-authority.ts'
import { isThere } from './probe-folder.ts'
import type { Done } from './topology-verbs.ts'

export type RemoveOptions = { authority?: string; whatIf?: boolean }

const settingsFolder = '/etc/pchat'

type Removal = { what: string; act(): Promise<void> }
type Stay = { what: string; why: string }

/** Undoes what the bootstrapper made, by what is on the machine; no data, no secret and nothing that somebody brought goes with it. */
export async function remove({ authority = authorityFolder, whatIf = false }: RemoveOptions): Promise<Done> {
  requireRoot()
  const lock = await lockMachine()
  try {
    const machine = openMachine(lock.descriptor)
    const { removals, stays } = await lookForOurs(machine, authority)
    if (!whatIf) for (const { act } of removals) await act()
    const removed = removals.map(({ what }) => what)
    const verb = whatIf ? 'Would remove' : 'Removed'
    return {
      value: { whatIf, removed, stays },
      lines: [
        ...(removed.length === 0 ? ['Nothing of pchat bootstrap is on this machine.'] : []),
        ...removed.map(what => `${verb}  ${what}`),
        ...stays.map(({ what, why }) => `${whatIf ? 'Would stay' : 'Stays'}  ${what}: ${why}`),
      ],
    }
  } finally {
    await lock.release()
  }
}

/** Units go last: they say which folders, certificates and account were the machine's, also to who begins again. */
async function lookForOurs(machine: Machine, authority: string): Promise<{ removals: Removal[]; stays: Stay[] }> {
  const units = await writtenUnits()
  const names = units.map(({ name }) => name)
  const removals: Removal[] = []
  const stays: Stay[] = []
  const remove = (what: string, act: () => Promise<unknown>) =>
    removals.push({ what, act: async () => void (await act()) })
  if (names.length > 0) remove(`what runs: ${names.join(', ')}`, () => machine.run('systemctl', ['stop', ...names]))
  const issued = await issuedFiles(units, authority)
  for (const file of issued) remove(file, () => rm(file, { force: true }))
  for (const file of [...credentialsIn(units).map(one => one.file), environmentFile])
    if (!issued.includes(file) && (await isThere(file))) stays.push({ what: file, why: 'an administrator may need it' })
  const { pair } = authorityFiles(authority)
  if (await isThere(pair)) stays.push({ what: pair, why: 'certificates of other machines may be of this authority' })
  const holding: { folder: string; isEmpty: boolean }[] = []
  for (const folder of [...foldersIn(units), ...new Set(issued.map(dirname)), settingsFolder]) {
    if (!(await isThere(folder))) continue
    const isEmpty = await isEmptyWithout(folder, [...issued, ...removals.map(({ what }) => what)])
    if (isEmpty && !(await mayBeShared(folder))) remove(folder, () => rmdir(folder).catch(unlessInUse))
    else if (foldersIn(units).includes(folder)) holding.push({ folder, isEmpty })
  }
  for (const { folder, isEmpty } of holding)
    stays.push({ what: folder, why: isEmpty ? 'it is mounted, or other machines may have it, too' : 'it holds data' })
  await lookAtAccount(machine, names.length > 0 ? holding.map(one => one.folder) : ['what is not known any more'], {
    remove,
    stays,
  })
  if (names.length > 0) remove(`units: ${names.join(', ')}`, () => removeUnits(machine, names))
  return { removals, stays }
}

/** Somebody was sooner: what comes behind is to be done all the same. */
function unlessInUse(error: NodeJS.ErrnoException): void {
  if (!['EBUSY', 'ENOTEMPTY', 'ENOENT'].includes(error.code ?? '')) throw error
}

type Found = { remove(what: string, act: () => Promise<unknown>): void; stays: Stay[] }

/** A number that still owns something must not become somebody else's. */
async function lookAtAccount(machine: Machine, owns: string[], { remove, stays }: Found): Promise<void> {
  const what = `the account ${account}`
  const user = await entryOf(machine, 'passwd', account)
  if (!user) return
  if (user[4] !== accountNote) stays.push({ what, why: 'it was not made by pchat bootstrap' })
  else if (owns.length > 0) stays.push({ what, why: `it may own ${owns.join(', ')}` })
  else remove(what, () => machine.run('userdel', [account]))
}

/** Certificate and key of the machine, where the internal authority of this machine signed them. */
async function issuedFiles(units: UnitFile[], folder: string): Promise<string[]> {
  const authority = await readInternalAuthority(folder)
  if (!authority) return []
  const all = credentialsIn(units)
  const issued: string[] = []
  for (const { file } of all.filter(({ name }) => name === 'tlsCert')) {
    const pem = await readFile(file, 'utf8').catch(() => undefined)
    if (pem !== undefined && isIssuedBy(authority, pem)) issued.push(file)
  }
  // The key goes first: a certificate alone is of no use, and a key that is left over is a secret.
  const keys = issued.length === 0 ? [] : all.filter(({ name }) => name === 'tlsKey').map(({ file }) => file)
  const there = await Promise.all(keys.map(async file => ((await isThere(file)) ? [file] : [])))
  return [...new Set([...there.flat(), ...issued])]
}

function credentialsIn(units: UnitFile[]): { name: string; file: string }[] {
  return valuesOf(units, 'LoadCredential').map(value => {
    const at = value.indexOf(':')
    return { name: value.slice(0, at), file: value.slice(at + 1).replaceAll('%%', '%') }
  })
}

function foldersIn(units: UnitFile[]): string[] {
  const words = valuesOf(units, 'ReadWritePaths').flatMap(value => [...value.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)])
  const paths = words.map(([, quoted, bare]) => bare ?? quoted!.replaceAll(/\\(.)/g, '$1'))
  return [...new Set(paths.map(path => path.replaceAll('%%', '%')))]
}

function valuesOf(units: UnitFile[], name: string): string[] {
  const lines = units.flatMap(({ text }) => text.split('\n'))
  return [...new Set(lines.filter(line => line.startsWith(`${name}=`)).map(line => line.slice(name.length + 1)))]
}

async function isEmptyWithout(folder: string, gone: string[]): Promise<boolean> {
  const names = await readdir(folder).catch(() => ['?'])
  return names.every(name => gone.includes(join(folder, name)))
}
