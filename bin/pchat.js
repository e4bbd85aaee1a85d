#!/usr/bin/env node
// Plain JavaScript, so that any Node reads it. The program itself is TypeScript and runs on the Node that npm brought.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const major = Number.parseInt(process.versions.node, 10)
const pinned = findPinned()

if (major < 26 && pinned) startWith(pinned)
else if (major >= 24) await import(program)
else {
  process.stderr.write(`pchat: this is Node ${process.versions.node}; Persistent Chat needs 24 or later. Run npm ci with its optional packages, which bring one.\n`)
  process.exitCode = 1
}

function findPinned() {
  try {
    const name = `node-${process.platform}-${process.arch}`
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin/node')
  } catch {
    return undefined
  }
}

function startWith(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    process.stderr.write(`pchat: ${node} did not start: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
