// Run by npm after an install: the web client is built once, so that `npm start` has it.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const web = fileURLToPath(new URL('../web/', import.meta.url))

if (existsSync(`${web}index.html`)) {
  const { build } = await import('vite')
  await build({ root: web, configFile: `${web}vite.config.ts`, logLevel: 'warn' })
}
