import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Programs that `bin/setup` found or brought. */
export type Tools = {
  postgres15Bin: string
  natsServer: string
  chromium: string
  slapd: string
  slapdModules: string
  slapdSchema: string
  ldapUtils: string
  samba: string
  sambaTool: string
  sambaPython: string
  zsh: string
  /** Where Swift was unpacked; empty where it is installed. */
  swiftRoot: string
  nginx: string
  promtool: string
  xmllint: string
  xsltproc: string
  systemdAnalyze: string
  /** Folder of the units that others build on. */
  systemdUnits: string
  /** Of iproute2. */
  ip: string
}

export async function readTools(): Promise<Tools> {
  const path = fileURLToPath(new URL('../.cache/tools.json', import.meta.url))
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`${path} is missing. Run bin/setup first.`)
  })
  return JSON.parse(text) as Tools
}
